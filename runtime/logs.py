"""One log for everything: events with ids, as JSON for machines and in colour for people.

Never in a log: message text, phone numbers, secrets. Events name ids; `_withhold` and `tell_exception` are the nets
below that rule.
"""

import logging
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog
from structlog.typing import ExcInfo, Processor
from temporalio.runtime import LogForwardingConfig, LoggingConfig, TelemetryFilter
from temporalio.service import RPCError

from domain.failures import EverturnError
from runtime.settings import Settings
from runtime.tracing import span_names

WITHHELD = frozenset(
    {
        "text", "body", "phone", "client_phone", "address", "delivery_address", "name", "secret", "token",
        "authorization", "contact", "caption", "url", "query", "headers", "password", "api_key", "access_token",
        "cookie",
    }
)  # fmt: skip
QUIET = dict.fromkeys(("uvicorn.access", "httpx", "httpx2", "httpcore", "httpcore2"), logging.WARNING)
"""Loggers whose lines carry whole URLs: ours hold `?secret=`, and Telegram's hold the bot's token."""
OURS = (
    "activities", "api", "commands", "contracts", "domain", "flows", "platforms", "policies", "providers", "runtime",
    "worker", "workflows", "temporalio.workflow", "temporalio.activity",
)  # fmt: skip
"""Whose lines may be more than information: others show requests and messages then."""
PLAIN = (EverturnError, RPCError, OSError, ImportError, AttributeError, TypeError, NotImplementedError, MemoryError)
"""Exceptions whose words are ours, or the system's, or name types: all others may repeat what a customer wrote."""


_processors: list[Processor] = []
"""One list for the life of the program: loggers keep the one they were first used with."""


def configure_logs(settings: Settings) -> None:
    """Send structlog and the standard library's loggers (uvicorn, temporalio) through one formatter to stderr."""
    shared = _shared_processors(settings)
    _processors[:] = [structlog.stdlib.filter_by_level, *shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter]
    structlog.configure(
        processors=_processors,
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    output = logging.StreamHandler(sys.stderr)
    output.setFormatter(_formatter(settings, shared))
    logging.getLogger().handlers = [output]
    _set_levels(getattr(logging, settings.everturn_log_level.upper()))


def _shared_processors(settings: Settings) -> list[Processor]:
    return [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.ExtraAdder(),
        _of_core,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        *span_names(settings),
        _withhold,
    ]


def _formatter(settings: Settings, shared: list[Processor]) -> logging.Formatter:
    last: list[Processor] = [structlog.dev.ConsoleRenderer()]
    if _wants_json(settings):
        last = [structlog.processors.format_exc_info, structlog.processors.JSONRenderer(ensure_ascii=False)]
    if settings.is_production:
        last = [_first_line, structlog.processors.ExceptionRenderer(tell_exception), *last]
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared,
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *last],
    )


def core_logging() -> LoggingConfig:
    """The log of Temporal's core, which would write lines of its own to standard output, through ours.

    Its fields stay behind: they hold whole failures.
    """
    forwarding = LogForwardingConfig(
        logging.getLogger("temporalio.core"), append_target_to_name=False, append_log_fields_to_message=False
    )
    return LoggingConfig(TelemetryFilter(core_level="WARN", other_level="ERROR"), forwarding=forwarding)


def _of_core(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Of a line's fields only the run it speaks of."""
    if (line := event.pop("temporal_log", None)) and "run_id" in (fields := line.fields):
        event["run_id"] = fields["run_id"]
    return event


def _wants_json(settings: Settings) -> bool:
    if settings.everturn_log_format != "auto":
        return settings.everturn_log_format == "json"
    return settings.is_production or not sys.stderr.isatty()


def _set_levels(level: int) -> None:
    """uvicorn brings handlers of its own; its lines go our way too."""
    logging.getLogger().setLevel(max(level, logging.INFO))
    for name in OURS:
        logging.getLogger(name).setLevel(level)
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        logger = logging.getLogger(name)
        logger.handlers, logger.propagate = [], True
    for name, quiet in QUIET.items():
        logging.getLogger(name).setLevel(max(quiet, level))


def _withhold(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    for key in event:
        if key in WITHHELD:
            event[key] = "[withheld]"
        elif isinstance(event[key], dict):
            event[key] = _withhold(None, "", dict(event[key]))
    return event


def _first_line(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """asyncio shows in the second line the task that broke, with its exception and what that says."""
    if event.get("logger") == "asyncio":
        event["event"] = str(event["event"]).partition("\n")[0]
    return event


def tell_exception(exc_info: ExcInfo) -> str:
    """What went wrong and where, each cause before its consequence; words only where they cannot be a customer's."""
    chain: list[BaseException] = []
    error: BaseException | None = exc_info[1]
    while error is not None and error not in chain:
        chain.insert(0, error)
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return "\n".join(line for each in chain for line in _told(each))


def _told(error: BaseException) -> list[str]:
    kind = f"{type(error).__module__}.{type(error).__qualname__}"
    lines, trace = [f"{kind}: {error}" if isinstance(error, PLAIN) else f"{kind} [words withheld]"], error.__traceback__
    while trace is not None:
        code = trace.tb_frame.f_code
        lines.append(f"  {code.co_filename}:{trace.tb_lineno} {code.co_qualname}")
        trace = trace.tb_next
    if isinstance(error, BaseExceptionGroup):
        lines += [f"  | {line}" for each in error.exceptions for line in _told(each)]
    return lines
