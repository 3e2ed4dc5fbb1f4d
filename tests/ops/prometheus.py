"""A real Prometheus for a while, and the names its expressions speak of."""

import json
import re
import shutil
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from providers.servers.ports import any_free
from tests.servers_here import LOOPBACK

OPS = Path(__file__).parents[2] / "ops"
RULES = OPS / "prometheus" / "alerts.yml"
DASHBOARD = OPS / "grafana" / "dashboards" / "everturn.json"
_WORDS = re.compile(r"(?<![\w:])[a-zA-Z_:][\w:]*")
_NO_NAMES = (
    re.compile(r'"[^"]*"'),
    re.compile(r"\{[^}]*\}"),
    re.compile(r"\[[^\]]*\]"),
    re.compile(r"\b(?:by|without|on|ignoring|group_left|group_right)\s*\([^)]*\)"),
    re.compile(r"[a-z_]+\s*(?=\()"),
)
"""Texts, selectors, spans of time, lists of labels, functions."""
_GRAMMAR = {"and", "or", "unless", "offset", "bool", "by", "without", "on"}


def needed(program: str) -> str:
    """The program, or a skipped test that says how to get it."""
    if found := shutil.which(program):
        return found
    pytest.skip(f"{program} is not here: apt install prometheus")


def names_in(expression: str) -> set[str]:
    """The metrics an expression speaks of."""
    for pattern in _NO_NAMES:
        expression = pattern.sub(" ", expression)
    return {word for word in _WORDS.findall(expression) if word not in _GRAMMAR}


def rules() -> list[dict[str, Any]]:
    """Every rule: alerts and records."""
    return [rule for group in yaml.safe_load(RULES.read_text())["groups"] for rule in group["rules"]]


def panel_expressions() -> list[str]:
    """Every question the dashboard asks."""
    panels = json.loads(DASHBOARD.read_text())["panels"]
    return [target["expr"] for panel in panels for target in panel.get("targets", ())]


def names_served(text: str) -> set[str]:
    """The names of all series in what `/metrics` answers."""
    return {re.split(r"[{ ]", line, maxsplit=1)[0] for line in text.splitlines() if line and not line.startswith("#")}


@contextmanager
def prometheus(folder: Path, targets: Mapping[str, str]) -> Iterator[httpx.Client]:
    """Prometheus with our rules, reading from `targets` (job: host and port) every second; a client of its API."""
    program, port = needed("prometheus"), any_free(LOOPBACK)
    jobs = [{"job_name": job, "static_configs": [{"targets": [where]}]} for job, where in targets.items()]
    every = {"scrape_interval": "1s", "evaluation_interval": "1s"}
    config = folder / "prometheus.yml"
    config.write_text(yaml.safe_dump({"global": every, "rule_files": [str(RULES)], "scrape_configs": jobs}))
    command = [program, f"--config.file={config}", f"--storage.tsdb.path={folder / 'series'}",
               f"--web.listen-address={LOOPBACK}:{port}"]  # fmt: skip
    with (folder / "prometheus.log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        with httpx.Client(base_url=f"http://{LOOPBACK}:{port}/api/v1", trust_env=False, timeout=10) as client:
            _wait_until_ready(client, folder)
            yield client
    finally:
        process.terminate()
        process.wait(15)


def _wait_until_ready(client: httpx.Client, folder: Path) -> None:
    end = time.monotonic() + 20
    while True:
        assert time.monotonic() < end, (folder / "prometheus.log").read_text()[-2_000:]
        try:
            if client.get("/targets").is_success:
                return
        except httpx.HTTPError:
            pass
        time.sleep(0.1)


def asked(client: httpx.Client, expression: str) -> list[dict[str, Any]]:
    """What an expression gives now.

    Raises:
        AssertionError: Prometheus does not understand it.
    """
    answer = client.get("/query", params={"query": expression}).json()
    assert "success" == answer["status"], (expression, answer)
    return list(answer["data"]["result"])
