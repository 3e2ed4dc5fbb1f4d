"""The order of drinking water: address, phone, bottles, «Да»."""
