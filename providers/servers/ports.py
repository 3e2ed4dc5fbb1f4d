"""Ports: whether they are free, and who holds them."""

import asyncio
import contextlib
import socket
import time

import psutil

from providers.servers.problems import CannotStart


def require_free(host: str, port: int, option: str) -> None:
    """Make sure we can listen on a port.

    Raises:
        CannotStart: names the port, the option that moves it and, where it can be seen, the process that holds it.
    """
    try:
        _listen(host, port)
    except PermissionError:
        raise CannotStart(f"port {port} ({option}) may not be used by this user; choose one above 1023") from None
    except OSError as error:
        if isinstance(error, socket.gaierror) or error.errno == 99:
            raise CannotStart(f"{host} (--host) is no address of this machine") from None
        raise CannotStart(
            f"port {port} ({option}) is already in use{_by_whom(port)}; stop that, or choose another port with {option}"
        ) from None


def is_free(host: str, port: int) -> bool:
    """Whether we could listen there now."""
    try:
        _listen(host, port)
    except OSError:
        return False
    return True


def any_free(host: str) -> int:
    """A port nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind((host, 0))
        port: int = probe.getsockname()[1]
        return port


async def answers(host: str, port: int) -> bool:
    """Whether something accepts connections there."""
    try:
        _, writer = await asyncio.wait_for(asyncio.open_connection(host.strip("[]"), port), 1)
    except (OSError, TimeoutError):
        return False
    writer.close()
    with contextlib.suppress(OSError):
        await writer.wait_closed()
    return True


def wait_until_free(host: str, port: int, seconds: float) -> None:
    """Give a process that was just stopped a moment to let go of its port."""
    until = time.monotonic() + seconds
    while not is_free(host, port) and time.monotonic() < until:
        time.sleep(0.05)


def _listen(host: str, port: int) -> None:
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind((host, port))
        probe.listen(1)


def _by_whom(port: int) -> str:
    """` by process 42 (python app.py)`, or nothing where the system does not say."""
    try:
        connections = psutil.net_connections("tcp")
        pid = next(c.pid for c in connections if c.status == psutil.CONN_LISTEN and c.pid and port in c.laddr)
        command = " ".join(psutil.Process(pid).cmdline())[:80]
    except (StopIteration, psutil.Error, OSError):
        return ""
    return f" by process {pid} ({command})"
