"""One log for everything: events with ids, as JSON for machines and in colour for people.

Never in a log: message text, phone numbers, secrets. Events name ids; `_withhold` is the net below that rule.
"""

import logging
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog
from structlog.typing import Processor

from runtime.settings import Settings

WITHHELD = frozenset(
    {"text", "body", "phone", "client_phone", "address", "delivery_address", "name", "secret", "token", "authorization"}
)
QUIET = dict.fromkeys(("uvicorn.access", "httpx", "httpx2", "httpcore"), logging.WARNING)
"""Loggers whose lines carry whole URLs: ours hold `?secret=`, and Telegram's hold the bot's token."""


def configure_logs(settings: Settings, *, level: int = logging.INFO) -> None:
    """Send structlog and the standard library's loggers (uvicorn, temporalio) through one formatter to stderr."""
    shared = _shared_processors()
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    output = logging.StreamHandler(sys.stderr)
    output.setFormatter(_formatter(settings, shared))
    root = logging.getLogger()
    root.handlers = [output]
    root.setLevel(level)
    _route_the_rest()


def _shared_processors() -> list[Processor]:
    return [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _withhold,
    ]


def _formatter(settings: Settings, shared: list[Processor]) -> logging.Formatter:
    last: list[Processor] = [structlog.dev.ConsoleRenderer()]
    if _wants_json(settings):
        last = [structlog.processors.format_exc_info, structlog.processors.JSONRenderer(ensure_ascii=False)]
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared,
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *last],
    )


def _wants_json(settings: Settings) -> bool:
    if settings.everturn_log_format != "auto":
        return settings.everturn_log_format == "json"
    return settings.is_production or not sys.stderr.isatty()


def _route_the_rest() -> None:
    """uvicorn brings handlers of its own; its lines go our way too."""
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        logger = logging.getLogger(name)
        logger.handlers, logger.propagate = [], True
    for name, level in QUIET.items():
        logging.getLogger(name).setLevel(level)


def _withhold(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    for key in WITHHELD & event.keys():
        event[key] = "[withheld]"
    return event
