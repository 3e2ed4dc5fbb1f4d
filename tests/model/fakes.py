"""Other people's imitations of the API, run as servers of their own."""

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from providers.servers.ports import any_free

HOST = "127.0.0.1"


def program(name: str) -> str:
    """The full path of a command that a package brings."""
    return str(Path(sys.executable).parent / name)


@contextmanager
def running(name: str, *, folder: Path, health: str) -> Iterator[str]:
    """`NAME serve` on a free port, until the end."""
    port = any_free(HOST)
    url = f"http://{HOST}:{port}"
    with (folder / f"{name}.log").open("w") as output:
        command = [program(name), "serve", "--host", HOST, "--port", str(port)]
        server = subprocess.Popen(command, cwd=folder, stdout=output, stderr=subprocess.STDOUT)
        try:
            answered(f"{url}{health}", server)
            yield url
        finally:
            server.terminate()
            server.wait(10)


def answered(url: str, server: "subprocess.Popen[bytes]") -> None:
    """Wait until it is there."""
    while True:
        assert server.poll() is None, "it ended at once; see its log"
        try:
            httpx.get(url).raise_for_status()
        except httpx.HTTPError:
            time.sleep(0.05)
        else:
            return


def tell(url: str, body: dict[str, Any] | None = None) -> int:
    """Post something; the status of the answer."""
    return httpx.post(url, json=body or {}).status_code


def hear(url: str) -> dict[str, Any]:
    """What it says of itself."""
    said: dict[str, Any] = httpx.get(url).raise_for_status().json()
    return said
