"""`everturn say --script`: plays a golden file against a running house, in real time, and says what differs."""

import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx

from commands.outcome import Failed, WrongUse
from commands.say import Customer, Message, Phone
from commands.script_check import Bubble, differing, in_order, not_seen, numbered, rows_differing
from commands.script_file import Operator, Script, Standing, Step
from commands.script_reading import load_script
from domain.identifiers import Address
from domain.messages import MessageKind
from domain.payments import PaymentStage
from flows.registry import FLOWS
from platforms import registry
from runtime.accounts import default_account
from runtime.settings import Settings

LONGEST_WAIT = 60.0
"""Seconds of a story that are waited for; what takes longer is told, and left to the test."""
SILENCE = 5.0
"""Seconds without a word after which nothing came."""


def play_script(settings: Settings, path: Path, platform: str, *, wait: float) -> None:
    """Play a file as a new customer; without `platform` on the first one it names.

    Raises:
        Failed: something differs, or the API cannot be reached.
        WrongUse: the file does not name this platform.
    """
    script = load_script(path)
    chosen = platform or script.platforms[0]
    if chosen not in script.platforms:
        raise WrongUse(f"{path.name} is played on {', '.join(script.platforms)}, not on {chosen}")
    headers = {"authorization": f"Bearer {settings.operator_token}"} if settings.operator_token else {}
    try:
        with httpx.Client(base_url=settings.everturn_api_url, headers=headers, timeout=15, trust_env=False) as client:
            Live(client, settings, script, chosen, wait).play()
    except httpx.HTTPError as error:
        raise Failed(
            f"the API at {settings.everturn_api_url} cannot be reached ({type(error).__name__}): start it with"
            " `everturn up`, or name it with --api"
        ) from None


class Live:
    """One play against a running house."""

    def __init__(self, client: httpx.Client, settings: Settings, script: Script, platform: str, wait: float) -> None:
        contact = f"3805{time.time_ns() // 1_000 % 10**8:08}"
        account = default_account(settings, registry.PLATFORMS[platform].variables, FLOWS).account
        self._client = client
        self._script = script
        self._wait = wait
        self._phone = Phone(client, settings, Customer(platform, contact, "Олена"))
        self._contact = contact
        self._conversation = Address(platform=platform, account=account, contact=contact).conversation_id
        self._checks_words = script.model is None and self._is_without_model()
        self._late = False
        """Whether time was left out: what the clock alone brings is not looked for."""

    def play(self) -> None:
        """Step by step.

        Raises:
            Failed: a step differs, where the play ends; or the story cannot be played from outside.
        """
        gated = [one for one in self._script.story if one.operator and one.operator.while_]
        if gated:
            raise WrongUse(
                f"{self._script.path.name}:{gated[0].line}: an operator who acts while the assistant does"
                " takes gates inside the house: the tests alone play this story"
            )
        print(f"# {self._script.title} ({self._conversation})", flush=True)
        if self._script.model is None and not self._checks_words:
            _remark("this story has no model, and this house has one: its words are shown, not checked")
        for step in self._script.story:
            if differences := self._play(step):
                for one in differences:
                    print(f"! {self._script.path.name}:{step.line}: {one}", flush=True)
                raise Failed(f"{self._script.path.name}:{step.line}: differs in {len(differences)} ways")
        print("# as it should be", flush=True)

    def _play(self, step: Step) -> list[str]:
        self._pass_time(step.after)
        if step.shop or step.slow:
            _remark(f"line {step.line}: what the shop or a slow model does cannot be played from outside")
        self._speak(step)
        refused = self._operate(step.operator) if step.operator else []
        bubbles = list(self._replies(step))
        self._require_flow()
        return [*refused, *self._differences(step, bubbles)]

    def _pass_time(self, seconds: float) -> None:
        self._late = seconds > LONGEST_WAIT
        if self._late:
            _remark(f"{seconds:g} seconds pass in the story; they are not waited for")
        else:
            time.sleep(seconds)

    def _require_flow(self) -> None:
        """An account of another flow tells another story."""
        told, wanted = self._overview(), self._script.shop.flow
        if told["flow"] != wanted:
            variable = registry.PLATFORMS[told["platform"]].variables.variable("flow")
            raise Failed(
                f"this account's flow is {told['flow']!r}, and the story is of {wanted!r}: set {variable}={wanted}"
            )

    # --- the customer -------------------------------------------------------------------------------------------

    def _speak(self, step: Step) -> None:
        for message in self._messages(step):
            print(f"> {message}", flush=True)
            self._phone.post(message)
        if step.cart:
            _remark(f"line {step.line}: a cart of WhatsApp's catalogue cannot be sent from here")

    def _messages(self, step: Step) -> Iterator[Message]:
        folder = self._script.path.parent
        kinds = (
            (step.photo, MessageKind.IMAGE),
            (step.document, MessageKind.DOCUMENT),
            (() if step.heard else step.voice, MessageKind.AUDIO),
        )
        if step.heard:
            _remark(f"line {step.line}: what the voice note says is typed")
            yield Message(step.heard)
        for files, kind in kinds:
            for file in files:
                yield Message(media=(self._phone.medium(str(folder / file), kind),))
        if step.tap:
            yield self._tapped(step.tap)
        yield from map(Message, step.customer)

    def _tapped(self, title: str) -> Message:
        """A choice that is only written out is typed."""
        with suppress(Failed):
            return self._phone.choice(title)
        return Message(title)

    def _replies(self, step: Step) -> Iterator[Bubble]:
        for entry in self._phone.replies(SILENCE if step.sees is None or not step.speaks else self._wait):
            titles = tuple(choice["title"] for choice in entry.get("choices", ()))
            bubble = Bubble(text=entry["text"], choices=titles, picture=entry.get("image_url", ""))
            for line in filter(None, [bubble.picture, *bubble.text.splitlines(), " ".join(f"[{t}]" for t in titles)]):
                print(f"< {line}", flush=True)
            yield bubble

    # --- the operator -------------------------------------------------------------------------------------------

    def _operate(self, operator: Operator) -> list[str]:
        who, here = {"operator": operator.name}, f"/api/conversations/{quote(self._conversation, safe='')}"
        if operator.answers_on_the_platform:
            _remark("an answer in the platform's own app cannot be played from here")
            return []
        body: dict[str, Any] = {**who}
        path = f"{here}/take-over"
        if operator.approves or operator.refuses:
            if not (waiting := self._payments()):
                return [f"{operator.name} should decide about a payment, and there is none"]
            path = f"/api/payments/{waiting[operator.payment - 1]['id']}/decision"
            body = who | {"approve": operator.approves, "reason": operator.refuses}
        elif operator.cancels:
            orders = self._items("/api/orders", contact=self._conversation)
            if not orders:
                return [f"{operator.name} should cancel an order, and there is none"]
            reason = operator.cancels if isinstance(operator.cancels, str) else ""
            path, body = f"/api/orders/{orders[0]['id']}/cancel", who | {"reason": reason}
        elif operator.replies:
            path, body = f"{here}/replies", who | {"text": operator.replies}
        elif operator.releases:
            summary = operator.releases if isinstance(operator.releases, str) else ""
            path, body = f"{here}/release", who | {"summary": summary}
        print(f"@ {operator.name}: {path.rpartition('/')[2]}", flush=True)
        answer = self._client.post(path, json=body)
        return _refused(operator, answer)

    # --- looking ------------------------------------------------------------------------------------------------

    def _differences(self, step: Step, bubbles: list[Bubble]) -> list[str]:
        orders = self._items("/api/orders", contact=self._conversation)[::-1]
        number = str(orders[-1]["id"]) if orders else ""
        known = [one | {"items": {i.get("sku") or i["name"]: i["quantity"] for i in one["items"]}} for one in orders]
        found = self._words_differing(step, bubbles, number)
        if self._late or step.shop or not self._checks_words:
            return found
        found += differing("the conversation", numbered(step.conversation or Standing(), number), self._overview())
        found += rows_differing("orders", step.orders, known)
        found += rows_differing("payments", step.payments, [_paid(one) for one in self._payments()])
        lines = self._items(f"/api/conversations/{quote(self._conversation, safe='')}/transcript", limit=200)
        return found + in_order("the transcript", step.logged, "\n".join(line["text"] for line in lines))

    def _words_differing(self, step: Step, bubbles: list[Bubble], number: str) -> list[str]:
        if not self._checks_words:
            if step.sees:
                _remark(f"line {step.line}: a model answers here, whose words no file knows: not checked")
            return []
        if self._late and not (step.speaks or step.operator):
            return []
        if step.sees == ():
            return []
        return not_seen(step.sees and tuple(numbered(one, number) for one in step.sees), bubbles)

    def _overview(self) -> dict[str, Any]:
        answer = self._client.get(f"/api/conversations/{quote(self._conversation, safe='')}")
        return dict(_told(answer))

    def _payments(self) -> list[dict[str, Any]]:
        found = [one for stage in PaymentStage for one in self._items("/api/payments", stage=stage.value, limit=200)]
        return sorted((one for one in found if one["contact"] == self._contact), key=lambda one: one["id"])

    def _items(self, path: str, **query: Any) -> list[dict[str, Any]]:
        return list(_told(self._client.get(path, params=query))["items"])

    def _is_without_model(self) -> bool:
        health = self._client.get("/health").json()
        return bool(health.get("model", {}).get("status") != "ok")


def _told(answer: httpx.Response) -> Any:
    if answer.status_code in (401, 403):
        raise Failed("the API refuses the operator token: set OPERATOR_TOKEN, or name the home with --home")
    if not answer.is_success:
        raise Failed(f"the API answered {answer.status_code}: {' '.join(answer.text.split())[:300]}")
    return answer.json()


def _refused(operator: Operator, answer: httpx.Response) -> list[str]:
    if operator.is_told:
        is_told = answer.status_code == 409 and operator.is_told in answer.text
        return [] if is_told else [f"{operator.name} should be told {operator.is_told!r}, and is not"]
    _told(answer)
    return []


def _paid(row: dict[str, Any]) -> dict[str, Any]:
    return row | {"findings": [one["kind"] for one in row["findings"] or ()]}


def _remark(text: str) -> None:
    print(f"~ {text}", flush=True)
