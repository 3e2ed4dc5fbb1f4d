"""Payment: what to pay and where, and proofs, which are always a person's to judge."""

import re
from collections.abc import Generator
from decimal import Decimal
from typing import Any

from domain.decisions import AskAttention, AskPaymentDecision
from domain.documents import ReadDocument
from domain.language import ModelAway
from domain.payments import ProofFacts
from flows.base import Need
from flows.rules.payment_proof import PaymentProof
from flows.rules.text import fold
from flows.sales.eyesight import amount_of
from flows.sales.scene import Branch, Scene, Step, Taking
from flows.sales.state import Question


def proof(scene: Scene) -> Branch:
    """Take a payment proof: in the payment phase whatever is shown, elsewhere only what is plainly one."""
    heard, sale = scene.heard, scene.sale
    shown = bool(heard.pictures or heard.documents or heard.links)
    if sale.ordered and shown:
        return (yield from _lay_before_a_person(scene))
    if heard.documents and not heard.text:  # in a shop of clothes it is a receipt
        return (yield from shown_elsewhere(scene))
    if not heard.proof:
        return None
    if sale.ordered:
        return (yield from _only_said(scene))
    if shown and heard.proof is PaymentProof.SURE:
        return (yield from shown_elsewhere(scene))
    if not shown and sale.asked in (None, Question.WISH) and not (heard.garment or heard.question):
        return (yield from shown_elsewhere(scene))
    return None


def shown_elsewhere(scene: Scene) -> Taking:
    """A proof where none was asked for: with an order it is laid before a person, without one it is a suspicion."""
    if scene.turn.order:
        return (yield from _lay_before_a_person(scene))
    effect = AskAttention(kind="ask_attention", reason="a payment proof, and no order to it")
    return scene.say(scene.sale, scene.words.say("proof_suspected"), effects=(effect,))


def _only_said(scene: Scene) -> Taking:
    """«Оплатила», and nothing to see: a screenshot is asked for once, then a person looks into the bank."""
    if scene.sale.proofs:
        return scene.say(scene.sale, scene.words.say("proof_waits"))
    if scene.sale.misses == 0 and scene.heard.proof:
        return scene.ask(scene.sale, Question.PROOF, missed=True)
    return (yield from _lay_before_a_person(scene))


def _lay_before_a_person(scene: Scene) -> Taking:
    heard, sale, shop = scene.heard, scene.sale, scene.turn.shop
    read, degraded = yield from _read(scene)
    total = sale.total
    large = total is not None and shop.four_eyes_above is not None and total > shop.four_eyes_above
    effect = AskPaymentDecision(
        kind="ask_payment_decision",
        expected=total,
        currency=shop.currency,
        payee=shop.payment_details[:200],
        read=read,
        media_ids=(*heard.pictures, *heard.documents),
        approvals_needed=2 if large else 1,
    )
    sale = sale.model_copy(update={"proofs": sale.proofs + 1, "misses": 0})
    shown = heard.pictures or heard.documents or heard.links
    sale, decision = scene.say(sale, scene.words.say("proof_taken" if shown else "proof_waits"), effects=(effect,))
    return sale, decision.model_copy(update={"degraded": degraded})


def _read(scene: Scene) -> Generator[Need, Any, tuple[tuple[ProofFacts, ...], str]]:
    """What the proof says; where nobody can read it, the person who decides reads it themselves."""
    heard = scene.heard
    texts = [heard.text]
    for media_id in heard.documents:
        text: str = yield ReadDocument(media_id=media_id)
        texts.append(text)
    words = "\n".join(filter(None, texts))
    facts = yield from scene.eyes.read_proof(heard.pictures, words)
    degraded = facts.reason if isinstance(facts, ModelAway) else ""
    if isinstance(facts, ModelAway):
        facts = ProofFacts(amount=_plain_amount(words))
    if heard.links:
        facts = facts.model_copy(update={"link": heard.links[0][:500]})
    return ((facts,) if facts != ProofFacts() else ()), degraded


def _plain_amount(text: str) -> Decimal | None:
    """The one amount a text names beside a currency, where it names just one."""
    words = text.lower().replace("\xa0", " ").split()
    named = [
        amount
        for place, word in enumerate(words)
        if (amount := amount_of(word))
        and any(sign in " ".join(words[place : place + 2]) for sign in ("грн", "uah", "₴"))
    ]
    return named[0] if len(set(named)) == 1 else None


def instructions(scene: Scene, total: str) -> str:
    """Where to pay: in the shop's own words, or by a person."""
    if details := scene.turn.shop.payment_details:
        return scene.words.say("payment_details", details=details, total=total)
    return scene.words.say("payment_by_person")


_HOW_TO_PAY = re.compile(
    r"реквизит|реквізит|(?:^|\W)(?:скільки|сколько|де|где|куди|куда|як|как|яку|какую)\b.{0,25}"
    r"(?:плат|плач|скину|скинут|кину|перевест|перевод|переказ|перерах|карт|винн|должн)"
)


def asks_how_to_pay(text: str) -> bool:
    """«Де платити?», «на яку картку?», «реквізити»: what was told once already, and is told again."""
    return _HOW_TO_PAY.search(fold(text)) is not None


def reminder(scene: Scene) -> Step:
    """An order waits for its payment; whoever asks where to pay is told once more."""
    if scene.sale.proofs:
        return scene.say(scene.sale, scene.words.say("proof_waits"))
    wanted, total = scene.words.say("proof_wanted"), scene.sale.total
    if total is None or not asks_how_to_pay(scene.heard.text):
        return scene.say(scene.sale, wanted)
    return scene.say(scene.sale, instructions(scene, scene.words.money(total, scene.turn.shop.currency)), wanted)
