"""Chat2Desk: webhooks in, API v1 out."""
