"""What a log line may hold."""

import json
import logging
import subprocess
import sys
from collections.abc import Iterator

import pytest
import structlog

from domain.failures import Unavailable
from runtime.logs import configure_logs
from tests.api.running import settings_for

PHONE = "+380671234567"


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    """Logging is the process's, not the test's. structlog stays: loggers keep what they were first used with."""
    root, names = logging.getLogger(), ("activities", "api", "httpx", "temporalio.activity")
    before = list(root.handlers), root.level, {name: logging.getLogger(name).level for name in names}
    yield
    root.handlers, root.level = before[0], before[1]
    for name, level in before[2].items():
        logging.getLogger(name).setLevel(level)


def said(capsys: pytest.CaptureFixture[str]) -> dict[str, str]:
    """The one line."""
    [line] = capsys.readouterr().err.splitlines()
    return dict(json.loads(line))


def configure(**settings: str) -> None:
    """As a production process does."""
    configure_logs(settings_for(everturn_env="production", **settings))


def test_a_foreign_exception_keeps_its_words_to_itself(capsys: pytest.CaptureFixture[str]) -> None:
    """They may repeat what a customer wrote; type and place are told, and so are words of ours."""
    configure()
    try:
        try:
            int(PHONE + " Оксана")
        except ValueError as error:
            raise Unavailable("PostgreSQL does not answer") from error
    except Unavailable:
        structlog.get_logger("api").exception("broke")
    told = said(capsys)["exception"]
    assert "ValueError [words withheld]" in told
    assert "domain.failures.Unavailable: PostgreSQL does not answer" in told
    assert "test_logs.py:" in told
    assert PHONE not in told


def test_asyncio_does_not_tell_what_broke_a_task(capsys: pytest.CaptureFixture[str]) -> None:
    """Its second line would."""
    configure()
    text = f"Task exception was never retrieved\nfuture: <Task exception=ValueError('{PHONE}')>"
    logging.getLogger("asyncio").error(text, exc_info=ExceptionGroup("two", [ValueError(PHONE)]))
    line = said(capsys)
    assert "Task exception was never retrieved" == line["event"]
    assert "| builtins.ValueError [words withheld]" in line["exception"]


def test_fields_that_name_somebody_are_withheld(capsys: pytest.CaptureFixture[str]) -> None:
    """At any depth."""
    configure()
    structlog.get_logger("api").warning("noted", text="Оксана", about={"phone": PHONE, "turn": 7})
    line = said(capsys)
    assert "[withheld]" == line["text"]
    assert {"phone": "[withheld]", "turn": 7} == line["about"]


@pytest.mark.parametrize(("name", "heard"), [
    ("activities.dialog", True), ("temporalio.activity", True), ("httpx", False), ("anthropic", False),
    ("temporalio.worker._workflow", False),
])  # fmt: skip
def test_libraries_do_not_show_what_they_carry(name: str, heard: bool, capsys: pytest.CaptureFixture[str]) -> None:
    """At the lowest level our own rooms speak; whoever would print requests does not."""
    configure(everturn_log_level="debug")
    logging.getLogger(name).debug("whole request: %s", PHONE)
    assert heard == bool(capsys.readouterr().err)


def test_without_an_endpoint_nothing_of_opentelemetry_is_loaded() -> None:
    """The successor of a killed worker must not wait for it."""
    code = "import sys, worker; print([n for n in sys.modules if n.startswith(('opentelemetry.sdk', 'runtime.spans'))])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert "[]" == done.stdout.strip()
