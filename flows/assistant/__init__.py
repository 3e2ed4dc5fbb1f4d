"""A shop's assistant that answers from the shop's own documents and takes bookings."""
