"""The shop's books in PostgreSQL."""

from providers.records.migrate import migrate, pending_migrations
from providers.records.pool import open_pool

__all__ = ["migrate", "open_pool", "pending_migrations"]
