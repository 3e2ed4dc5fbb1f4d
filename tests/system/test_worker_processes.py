"""A worker deployed apart, as several processes: Prometheus scrapes one port and sees the sum of all."""

import os
import re
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

import httpx
import psutil
import pytest

from providers.servers.ports import any_free
from tests.api.namespaces import fresh_namespace
from tests.servers_here import LOOPBACK, Servers
from tests.system.house import EVERTURN

SENT = re.compile(r'^messages_sent\{account="default",.*platform="telegram"\} (\d+\.\d)$', re.MULTILINE)
COUNT = "from runtime.metrics import messages_sent as sent; sent.labels('telegram', 'default', 'any', 'reply').inc(3)"


def sent(port: int) -> float | None:
    """What Prometheus would read of replies sent; None while nobody answers."""
    try:
        text = httpx.get(f"http://{LOOPBACK}:{port}/metrics", trust_env=False).text
    except httpx.HTTPError:
        return None
    found = SENT.findall(text)
    return sum(map(float, found)) if found else None


def serves(process: psutil.Process, port: int) -> bool:
    return any(each.laddr.port == port for each in process.net_connections() if each.status == psutil.CONN_LISTEN)


@pytest.mark.slow
def test_the_metrics_of_several_processes_are_one(servers: Servers, tmp_path: Path) -> None:
    """Two processes, one port, one sum; and when the one that serves it dies, its successor does."""
    port = any_free(LOOPBACK)
    environment = os.environ | {
        "TEMPORAL_ADDRESS": servers.temporal_address, "TEMPORAL_NAMESPACE": fresh_namespace(servers, "several"),
        "DATABASE_URL": servers.fresh_database(f"several_{uuid4().hex[:12]}"), "EVERTURN_METRICS_PORT": str(port),
        "TMPDIR": str(tmp_path), "EVERTURN_HOME": str(tmp_path / "home"),
    }  # fmt: skip
    command = [EVERTURN, "worker", "--processes", "2"]
    with (tmp_path / "worker.log").open("wb") as log:
        keeper = subprocess.Popen(command, env=environment, cwd=tmp_path, stdout=log, stderr=log)
    try:
        workers = psutil.Process(keeper.pid).children
        _until(lambda: 0.0 == sent(port), tmp_path)
        _until(lambda: 2 == len(list(tmp_path.glob("everturn-metrics-*/counter_*.db"))), tmp_path)
        [folder] = tmp_path.glob("everturn-metrics-*")
        for _ in range(2):
            counting = {**environment, "PROMETHEUS_MULTIPROC_DIR": str(folder)}
            subprocess.run([sys.executable, "-c", COUNT], env=counting, check=True, timeout=20)
        assert 6.0 == sent(port)
        next(worker for worker in workers() if serves(worker, port)).kill()
        _until(lambda: 6.0 == sent(port), tmp_path)
    finally:
        keeper.terminate()
        keeper.wait(15)


def _until(condition: Callable[[], bool], folder: Path) -> None:
    end = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < end, (folder / "worker.log").read_text()[-3_000:]
        time.sleep(0.1)
