"""WhatsApp Cloud: Meta's webhooks in, the Graph API out."""
