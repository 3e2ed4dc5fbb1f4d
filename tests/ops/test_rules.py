"""Alerts, dashboard and runbook fit together, as far as can be seen without a running shop."""

import re
import subprocess
from pathlib import Path

from tests.ops.prometheus import OPS, names_in, needed, panel_expressions, rules

RUNBOOK = Path(__file__).parents[2] / "docs" / "runbook.md"
FIGURES = Path(__file__).parents[2] / "docs" / "reference" / "metrics.md"


def test_prometheus_understands_rules_and_configuration() -> None:
    """As promtool checks them."""
    for what, file in (("rules", "alerts.yml"), ("config", "prometheus.yml")):
        _promtool("check", what, file)


def test_alerts_fire_when_they_should_and_only_then() -> None:
    """The rules' own tests: a quiet day, broken promises, sends that fail at night, servers that are away."""
    _promtool("test", "rules", "alerts_test.yml")


def _promtool(*arguments: str) -> None:
    done = subprocess.run(
        [needed("promtool"), *arguments], cwd=OPS / "prometheus", capture_output=True, text=True, timeout=60
    )
    assert 0 == done.returncode, done.stdout + done.stderr


def test_every_alert_is_tested() -> None:
    """Each fires in the rules' tests."""
    tested = set(re.findall(r'alertname="(\w+)"', (OPS / "prometheus" / "alerts_test.yml").read_text()))
    assert {rule["alert"] for rule in rules() if "alert" in rule} == tested


def test_every_alert_leads_to_a_page_that_says_what_to_do() -> None:
    """The link of each ends at a heading of the runbook, and each is named there."""
    text = RUNBOOK.read_text()
    headings = {heading.strip().lower().replace(" ", "-") for heading in re.findall(r"^#+ (.+)$", text, re.MULTILINE)}
    for rule in rules():
        if "alert" in rule:
            page, _, anchor = rule["annotations"]["runbook_url"].partition("#")
            assert ("docs/runbook.md", True) == (page, anchor in headings), rule["alert"]
            assert rule["alert"] in text
            assert rule["labels"]["severity"] in ("page", "ticket")


def test_names_are_found_in_expressions() -> None:
    """What the other tests rely on."""
    expression = 'sum by (a, le) (rate(first_x{kind="by_y"}[5m])) / on () second:z offset 1h unless absent(third) > 1e3'
    assert {"first_x", "second:z", "third"} == names_in(expression.replace("1e3", "1000"))


def test_every_metric_is_explained() -> None:
    """The reference names every metric that a rule or a panel asks for."""
    text = FIGURES.read_text()
    asked = {name for rule in rules() for name in names_in(rule["expr"])}
    asked |= {name for expression in panel_expressions() for name in names_in(expression)}
    families = {re.sub(r"_(bucket|count|sum)$", "", name) for name in asked} - {"up"}
    assert [] == sorted(name for name in families if f"`{name}`" not in text)
