"""What the vision model is asked, and what of its answer is taken: facts of a fixed shape, never wishes."""

from collections.abc import Generator, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from pathlib import Path
from typing import Any

from domain.language import AskModel, Eyes, Line, ModelAway, ModelReply, Speaker, Tool
from domain.model import Value
from domain.payments import ProofFacts
from flows.base import Need
from flows.prompting import load_prompt
from flows.rules.colours import COLOURS
from flows.rules.garments import GARMENTS

SURE = 0.75
"""Confidence from which a garment is taken for what it seems to be."""
UNSURE = 0.35
"""Confidence below which nothing is guessed."""
LONGEST = 200


class PictureKind(StrEnum):
    """What a customer's picture shows."""

    GARMENT = "garment"
    PAYMENT_PROOF = "payment_proof"
    COMPLAINT = "complaint"
    """Something damaged, dirty or wrong that the shop has sent."""
    OTHER = "other"


class SeenPicture(Value):
    """What was seen in a picture."""

    kind: PictureKind
    garment: str = ""
    colour: str = ""
    details: str = ""
    """Pattern, length, fabric, fit: words to search the catalogue by."""
    confidence: float = 0.0


def _text(what: str) -> dict[str, Any]:
    return {"type": "string", "description": what}


def _one_of(names: Sequence[str]) -> dict[str, Any]:
    return {"type": "string", "enum": [*names, "unknown"]}


def _strict(**properties: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


_DESCRIBE = Tool(
    name="describe_picture",
    description="Tell what the customer's picture shows.",
    schema_=_strict(
        kind={"type": "string", "enum": [kind.value for kind in PictureKind]},
        garment=_one_of(sorted(GARMENTS)),
        colour=_one_of(sorted(COLOURS)),
        details=_text("pattern, length, fabric, fit: at most ten words, Ukrainian"),
        confidence={"type": "number", "description": "0 to 1: how sure garment and colour are"},
    ),
)
_READ = Tool(
    name="read_payment_proof",
    description="Copy what the payment proof says, letter for letter; an empty string where it says nothing.",
    schema_=_strict(
        amount=_text("the sum paid, digits and a point only"),
        currency=_text("ISO 4217, three letters"),
        paid_on=_text("the date as it stands there"),
        reference=_text("the bank's number of the transfer or receipt"),
        payee=_text("who was paid: name, card or account, as it stands there"),
    ),
)


class Eyesight:
    """Asks the vision model."""

    def __init__(self, prompts: Path) -> None:
        self._garment = load_prompt("sales_garment", folder=prompts)
        self._proof = load_prompt("sales_proof", folder=prompts)

    def describe(self, media_id: str, text: str) -> Generator[Need, Any, SeenPicture | ModelAway]:
        """What a picture shows."""
        told = yield from _called(_DESCRIBE, self._garment.tell(), self._garment.digest, (media_id,), text)
        return told if isinstance(told, ModelAway) else _seen(told)

    def read_proof(self, media_ids: Sequence[str], text: str) -> Generator[Need, Any, ProofFacts | ModelAway]:
        """What a payment proof says; with no picture, what its text says."""
        told = yield from _called(_READ, self._proof.tell(), self._proof.digest, tuple(media_ids), text)
        return told if isinstance(told, ModelAway) else facts_of(told)


def _called(
    tool: Tool, prompt: str, digest: str, media_ids: tuple[str, ...], text: str
) -> Generator[Need, Any, Mapping[str, Any] | ModelAway]:
    ask = AskModel(
        prompt=digest,
        eyes=Eyes.VISION if media_ids else Eyes.TEXT,
        system=(prompt,),
        lines=(Line(by=Speaker.CUSTOMER, text=text or "(no words)", media_ids=media_ids),),
        tools=(tool,),
        must_call=tool.name,
        most_tokens=400,
    )
    reply: ModelReply | ModelAway = yield ask
    if isinstance(reply, ModelAway):
        return reply
    told = next((call.arguments for call in reply.calls if call.name == tool.name), None)
    return told if told is not None else ModelAway(reason="the model did not say what it sees")


def _seen(told: Mapping[str, Any]) -> SeenPicture:
    return SeenPicture(
        kind=PictureKind(_known(told.get("kind"), list(PictureKind)) or PictureKind.OTHER),
        garment=_known(told.get("garment"), GARMENTS),
        colour=_known(told.get("colour"), COLOURS),
        details=_short(told.get("details")),
        confidence=_confidence(told.get("confidence")),
    )


def _confidence(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or value != value:  # NaN is not itself
        return 0.0
    return float(min(max(value, 0), 1))


def facts_of(told: Mapping[str, Any]) -> ProofFacts:
    """A proof's facts, each only where it has the shape of one."""
    currency = _short(told.get("currency")).upper()
    return ProofFacts(
        amount=amount_of(_short(told.get("amount"))),
        currency=currency if len(currency) == 3 and currency.isascii() and currency.isalpha() else "",
        paid_on=_short(told.get("paid_on"))[:40],
        reference=_short(told.get("reference"))[:80],
        payee=_short(told.get("payee")),
    )


def amount_of(text: str) -> Decimal | None:
    """An amount of money as people and machines write it; None where it is none."""
    plain = "".join(sign for sign in text if sign.isdigit() or sign in ".,").replace(",", ".")
    whole, point, pennies = plain.rpartition(".")
    joined = f"{whole.replace('.', '')}.{pennies}" if point and len(pennies) <= 2 else plain.replace(".", "")
    try:
        amount = Decimal(joined)
    except InvalidOperation:
        return None
    return amount if 0 < amount < 10**9 else None


def _known(value: object, names: Sequence[str] | Mapping[str, Any]) -> str:
    return value if isinstance(value, str) and value in names else ""


def _short(value: object) -> str:
    """One line of a model's words, bounded: it is shown to operators and compared, and does nothing else."""
    return " ".join(str(value).split())[:LONGEST] if isinstance(value, str | int | float) else ""
