"""Compares a payment proof with its order and with the tenant's other proofs; pure: facts in, findings out."""

import re
from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit

from activities.payees import same_payee
from activities.receipt_dates import day_of
from domain.payments import ProofFacts
from providers.media.fingerprints import ALIKE, BITS, SAME
from providers.records.payments import Finding, FindingKind, Twin

MOST_MONEY = Decimal(10) ** 12
LONGEST = 500
"""Characters of a fact: whoever drew the picture wrote it."""
LONGEST_NOTE = 200
SHORTEST_REFERENCE = 5
"""Shorter ones ("1", "№12") are nobody's number."""
OLD = timedelta(days=3)
"""Where there is no order to compare with."""
SLACK = timedelta(days=1)
"""The bank's midnight is not ours."""
_CURRENCIES = {
    "грн": "UAH", "гривень": "UAH", "гривні": "UAH", "гривня": "UAH", "гривен": "UAH", "₴": "UAH", "ua": "UAH",
    "$": "USD", "€": "EUR", "zł": "PLN", "£": "GBP",
}  # fmt: skip
_GRAVEST_FIRST = tuple(
    FindingKind(name)
    for name in (
        "same_picture", "same_reference", "amount_differs", "currency_differs", "payee_differs", "similar_picture",
        "old_date", "already_paid", "order_cancelled", "no_order", "nothing_read",
    )
)  # fmt: skip


def bounded(facts: ProofFacts) -> ProofFacts:
    """The facts as they may be kept: nothing endless, nothing that is no sum of money."""
    texts = {name: getattr(facts, name) for name in ("currency", "paid_on", "reference", "payee", "link")}
    kept = {name: text.replace("\x00", "").strip()[:LONGEST] for name, text in texts.items()}
    amount = facts.amount if facts.amount is not None and 0 <= facts.amount < MOST_MONEY else None
    return ProofFacts(amount=amount, **kept)


def marks_of(read: Sequence[ProofFacts]) -> tuple[str, ...]:
    """References and links, spelt so that equal ones are equal."""
    references = (_reference(facts) for facts in read)
    return tuple(
        dict.fromkeys([*(f"ref:{one}" for one in references if one), *filter(None, (_link(one) for one in read))])
    )


def _reference(facts: ProofFacts) -> str:
    letters = re.sub(r"[\W_]", "", facts.reference).upper()
    return letters if len(letters) >= SHORTEST_REFERENCE and re.search(r"\d", letters) else ""


def _link(facts: ProofFacts) -> str:
    try:
        parts = urlsplit(facts.link.strip())
    except ValueError:
        return ""
    path = parts.path.rstrip("/")
    if not parts.netloc or not (path or parts.query):  # a bank's front page is nobody's receipt
        return ""
    return f"link:{parts.netloc.lower()}{path}?{parts.query}"


def told_by(read: Sequence[ProofFacts], expected: Decimal | None) -> ProofFacts:
    """What several pictures tell together: the first that tells a thing; the sum, unless one alone is what is due."""
    first = {
        name: next((text for facts in read if (text := getattr(facts, name))), "")
        for name in ("currency", "paid_on", "reference", "payee", "link")
    }
    return ProofFacts(amount=_paid(read, expected), **first)


def _paid(read: Sequence[ProofFacts], expected: Decimal | None) -> Decimal | None:
    amounts = [facts.amount for facts in read if facts.amount is not None]
    if not amounts or expected in amounts:
        return expected if amounts else None
    once = {_reference(facts) or str(place): facts for place, facts in enumerate(read) if facts.amount is not None}
    return sum((facts.amount for facts in once.values() if facts.amount is not None), Decimal())


def against_order(row: dict[str, Any], today: date) -> list[Finding]:
    """What a proof tells against what was asked for; `row` as `PaymentRecords.find` gives it."""
    compared = [_no_order(row), _settled(row), _amount(row), _currency(row), _payee(row), _date(row, today)]
    return [finding for finding in compared if finding is not None]


def _found(kind: FindingKind, text: str) -> Finding:
    return Finding(kind=kind, text=text)


def _no_order(row: dict[str, Any]) -> Finding | None:
    return _found(FindingKind.NO_ORDER, "no order of this customer was found") if row["order_id"] is None else None


def _settled(row: dict[str, Any]) -> Finding | None:
    if row["order_status"] == "cancelled":
        return _found(FindingKind.ORDER_CANCELLED, f"order {row['order_id']} is cancelled")
    if row["order_status"] != "paid":
        return None
    return _found(FindingKind.ALREADY_PAID, f"order {row['order_id']} is paid already")


def _amount(row: dict[str, Any]) -> Finding | None:
    paid, expected = row["amount"], row["expected"]
    if paid is None:
        return _found(FindingKind.NOTHING_READ, "no amount could be read")
    if expected is None or paid == expected:
        return None
    return _found(FindingKind.AMOUNT_DIFFERS, f"{paid:.2f} instead of {expected:.2f} {row['currency']}".strip())


def _currency(row: dict[str, Any]) -> Finding | None:
    read, expected = _code(row["read_currency"]), _code(row["currency"])
    if not read or not expected or read == expected:
        return None
    return _found(FindingKind.CURRENCY_DIFFERS, f"{read} instead of {expected}")


def _code(currency: str) -> str:
    plain = currency.strip().rstrip(".").casefold()
    return _CURRENCIES.get(plain, plain.upper())


def _payee(row: dict[str, Any]) -> Finding | None:
    read, expected = row["payee"], row["expected_payee"]
    if not read or not expected or same_payee(read, expected):
        return None
    return _found(FindingKind.PAYEE_DIFFERS, f"paid to {read[:60]} instead of {expected[:60]}")


def _date(row: dict[str, Any], today: date) -> Finding | None:
    paid = day_of(row["paid_on"])
    if paid is None:
        return None
    ordered = row["ordered_at"].date() if row["ordered_at"] else None
    text = ""
    if paid > today + SLACK:
        text = f"dated {paid:%d.%m.%Y}, which is yet to come"
    elif ordered and paid < ordered - SLACK:
        text = f"paid on {paid:%d.%m.%Y}, before the order of {ordered:%d.%m.%Y}"
    elif not ordered and paid < today - OLD:
        text = f"paid on {paid:%d.%m.%Y}, {(today - paid).days} days ago"
    return _found(FindingKind.OLD_DATE, text) if text else None


def against_twins(row: dict[str, Any], twins: Sequence[Twin]) -> list[Finding]:
    """What a proof has in common with others."""
    told = ProofFacts(amount=row["amount"], paid_on=row["paid_on"], reference=row["reference"])
    return [finding for twin in twins for finding in _twin(row, told, twin)]


def _twin(row: dict[str, Any], told: ProofFacts, twin: Twin) -> list[Finding]:
    other = _named(twin, row["conversation_id"])
    findings = []
    if twin.same_marks:
        what = "reference" if twin.same_marks[-1].startswith("ref:") else "receipt link"
        findings.append((FindingKind.SAME_REFERENCE, f"the same {what} as {other}"))
    looks = _looks(told, twin)
    if looks is not None:
        findings.append((looks[0], looks[1].format(other)))
    return [Finding(kind=kind, text=text, payment=str(twin.id)) for kind, text in findings]


def _looks(told: ProofFacts, twin: Twin) -> tuple[FindingKind, str] | None:
    """Two genuine receipts of one bank look alike, so what they tell has a say, too."""
    if twin.is_same_file or twin.distance == 0:
        return FindingKind.SAME_PICTURE, "the same picture as {}"
    if twin.distance is None:
        return None
    differing = _differing(told, twin.told)
    if twin.distance <= SAME and not differing:
        return FindingKind.SAME_PICTURE, "the same picture as {}"
    if twin.distance <= SAME or (twin.distance <= ALIKE and len(differing) < 2):
        but = f", with another {' and '.join(differing)}" if differing else ""
        return FindingKind.SIMILAR_PICTURE, f"a picture like that of {{}}{but} ({twin.distance} of {BITS} bits differ)"
    return None


def _differing(one: ProofFacts, other: ProofFacts) -> list[str]:
    pairs = {
        "amount": (one.amount, other.amount),
        "date": (_spelt(one.paid_on), _spelt(other.paid_on)),
        "reference": (_reference(one), _reference(other)),
    }
    return [name for name, (mine, yours) in pairs.items() if mine and yours and mine != yours]


def _spelt(text: str) -> str:
    return " ".join(re.findall(r"\w+", text.casefold()))


def _named(twin: Twin, conversation_id: str) -> str:
    whose = " of this customer" if twin.conversation_id == conversation_id else ""
    order = f"order {twin.order_id}" if twin.order_id is not None else "no order"
    return f"payment {twin.id}{whose} ({order}, {twin.stage.replace('_', ' ')})"


def ordered(findings: Sequence[Finding]) -> list[Finding]:
    """The gravest first."""
    return sorted(findings, key=lambda finding: _GRAVEST_FIRST.index(finding.kind))


def note_of(findings: Sequence[Finding]) -> str:
    """What a person should know at once."""
    return "; ".join(finding.text for finding in findings)[:LONGEST_NOTE]
