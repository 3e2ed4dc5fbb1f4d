"""What went wrong on the wire is named by whether anything can have arrived."""

from datetime import UTC, datetime

import httpx
import pytest

from domain.failures import OutcomeUnknown, Unavailable
from platforms.http import call, failure_of, moment_of, retry_after

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("error", "failure"),
    [
        (httpx.ConnectError("x"), Unavailable),
        (httpx.ConnectTimeout("x"), Unavailable),
        (httpx.PoolTimeout("x"), Unavailable),
        (httpx.UnsupportedProtocol("x"), Unavailable),
        (httpx.InvalidURL("x"), Unavailable),
        (httpx.ReadTimeout("x"), OutcomeUnknown),
        (httpx.ReadError("x"), OutcomeUnknown),
        (httpx.RemoteProtocolError("x"), OutcomeUnknown),
        (httpx.WriteTimeout("x"), OutcomeUnknown),
        (httpx.WriteError("x"), OutcomeUnknown),
    ],
)
def test_only_what_never_left_may_be_repeated(error: Exception, failure: type[Exception]) -> None:
    """A request that left may have been carried out."""
    assert failure is type(failure_of(error))


async def test_a_closed_port_is_unavailable(client: httpx.AsyncClient) -> None:
    """Nothing listens: nothing was said."""
    for url in ("http://127.0.0.1:9/x", "ftp://a.example/", "http://[broken", "nonsense"):
        with pytest.raises(Unavailable):
            await call(client, "POST", url)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("3", 3.0),
        ("0.5", 0.5),
        ("99999999", 3600.0),
        ("Sat, 21 Nov 2026 12:00:30 GMT", 30.0),
        ("Sat, 21 Nov 2020 12:00:30 GMT", 0.0),
        *((odd, None) for odd in (None, "", "soon", "-5", "nan", "1e9", "²")),
    ],
)
def test_retry_after_is_read_both_ways(value: str | None, expected: float | None) -> None:
    """Seconds or a date; a silly one is bounded, an illegible one is none."""
    assert expected == retry_after(value, NOW)


@pytest.mark.parametrize(
    "value",
    ["2026-11-21T12:00:00Z", "2026-11-21T14:00:00+02:00", "2026-11-21T12:00:00 UTC", 1795262400, "1795262400000"],
)
def test_a_time_is_read_as_platforms_write_it(value: object) -> None:
    """One moment, however written."""
    assert moment_of(value) == NOW


@pytest.mark.parametrize(
    "value", [None, True, "", "soon", "NaN", float("inf"), float("nan"), -5, 10**400, "0001-01-01T00:00+14:00"]
)
def test_an_illegible_time_is_none(value: object) -> None:
    """Never an error."""
    assert None is moment_of(value)
