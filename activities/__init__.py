"""The bodies of the activities: all IO happens here."""
