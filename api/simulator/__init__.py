"""The simulator: platforms that exist only here, and a page to chat through them. Never in production."""
