"""Instagram messaging: Meta's webhooks in, the Graph API's Send API out."""
