"""Telegram: the Bot API, and chats that a business account shares with its bot."""
