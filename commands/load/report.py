"""The load report: Markdown, and a picture of how it went."""

import os
import platform
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from commands.load.picture import drawn
from commands.load.plan import Plan, Seen
from commands.load.verdict import Promise, percentile

METHOD = """
Customers on a simulated platform write real webhooks, wait for the reply, think, and write again; one in five writes
twice in one breath. A reply is timed from the first message of the burst to the moment it stands on the phone, quiet
period included; "one moment" does not count as one. Who waits longer than 60 s counts as never answered. Memory is
compared from a third of the time on; connections are asked of PostgreSQL. `everturn load` does this to any house that
runs in `dev`, and exits with 1 where a promise broke.
""".strip().splitlines()
VERDICT = {True: "yes", False: "**no**", None: "not seen"}


def table(promises: Sequence[Promise]) -> list[str]:
    """The promises as Markdown."""
    rows = [(one.what, one.measured, one.aim, VERDICT[one.held]) for one in promises]
    head = [("promise", "measured", "aim", "held"), ("---",) * 4]
    return ["| " + " | ".join(row) + " |" for row in [*head, *rows]]


def facts(plan: Plan, seen: Seen) -> list[str]:
    """What happened, in sentences."""
    waits, acks = seen.waits, [took for _, took in seen.acks]
    refused = ", ".join(f"{count} × {why}" for why, count in sorted(seen.refused.items())) or "none"
    return [
        f"{plan.conversations} customers on {plan.platform}, {plan.minutes:g} minutes, each writes about every"
        f" {plan.pause:.0f} s after a reply (seed {plan.seed}).",
        f"{seen.messages} messages in {len(seen.turns)} bursts; {len(waits)} answered, {seen.unanswered} not;"
        f" {seen.interims} times a customer was asked for patience.",
        f"Webhooks not taken at once: {refused}; {seen.retried} of them were taken when they were posted again.",
        f"Webhook answered: p50 {percentile(acks, 0.5) * 1000:.0f} ms, p95 {percentile(acks, 0.95) * 1000:.0f} ms,"
        f" p99 {percentile(acks, 0.99) * 1000:.0f} ms. First reply, quiet period included:"
        f" p50 {percentile(waits, 0.5):.1f} s, p95 {percentile(waits, 0.95):.1f} s,"
        f" p99 {percentile(waits, 0.99):.1f} s.",
    ]


def written(report: Path, plan: Plan, seen: Seen, promises: Sequence[Promise], remarks: Iterable[str]) -> Path:
    """Write the report and its picture, which lies in `pictures/` where there is such a folder beside it.

    Raises:
        OSError: it cannot be written.
    """
    folder = report.parent / "pictures"
    picture = (folder if folder.is_dir() else report.parent) / f"{report.stem}.svg"
    picture.write_text(drawn(plan, seen), "utf-8")
    now = datetime.now(UTC)
    lines = [
        "# Load", "",
        *METHOD, "",
        *facts(plan, seen), "",
        *table(promises), "",
        f"![How it went]({picture.relative_to(report.parent).as_posix()})", "",
        f"{now:%Y-%m-%d}, {os.cpu_count()} cores, Python {platform.python_version()}.", *remarks, "",
    ]  # fmt: skip
    report.write_text("\n".join(lines), "utf-8")
    return picture
