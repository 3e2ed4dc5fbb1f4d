"""The operators' console: `/console`."""
