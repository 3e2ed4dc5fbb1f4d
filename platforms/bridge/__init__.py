"""WhatsApp through an unofficial bridge: Evolution API, wppconnect-server, or a wrapper around venom."""
