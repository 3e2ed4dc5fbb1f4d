"""The bridge: three dialects, two HTTP APIs, and batches of which nothing may vanish."""

import hashlib
import hmac
import json
from base64 import urlsafe_b64encode
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.failures import (
    NotProven,
    NotUnderstood,
)
from domain.identifiers import Address
from domain.messages import Echo, Ignored, Media, MessageKind, ReceiptSeen, ReceiptState, Received, Unsent
from platforms.base import Credentials, WebhookRequest
from platforms.bridge import evolution, wppconnect
from platforms.bridge.adapter import Bridge
from platforms.bridge.dialect import read_body
from platforms.bridge.envelopes import MOST_NOTICES, by_instance
from platforms.bridge.hooks import echo, inbound, receipt, unsent
from platforms.bridge.jids import Elsewhere, contact_among, message_id_of
from platforms.kit import Said
from platforms.simulation import Direction, Entry

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
MAIN = Credentials(account="main", access_token="token", webhook_secret="s3cret")
TO = Address(platform="bridge", account="main", contact="42")
PAYLOADS = Path(__file__).parents[1] / "payloads" / "bridge"
KEY = {"remoteJid": "42@s.whatsapp.net", "fromMe": False, "id": "M1"}


def came(body: bytes = b"", query: dict[str, str] | None = None, **headers: str) -> WebhookRequest:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return WebhookRequest(headers=named, query=query or {}, body=body, now=NOW)


def upsert(message: Any = None, **more: Any) -> dict[str, Any]:
    item = {"key": KEY, "message": message or {"conversation": "Привіт"}} | more
    return {"event": "messages.upsert", "instance": "shop", "data": item}


# --- proof of origin ------------------------------------------------------------------------------------------------


def token(claims: Any, secret: str = "s3cret", algorithm: str = "HS256") -> str:
    pieces = [urlsafe_b64encode(json.dumps(p).encode()).decode().rstrip("=") for p in ({"alg": algorithm}, claims)]
    signature = hmac.new(secret.encode(), ".".join(pieces).encode(), hashlib.sha256).digest()
    return "Bearer " + ".".join([*pieces, urlsafe_b64encode(signature).decode().rstrip("=")])


EXPIRES = NOW.timestamp() + 600
PROOFS = [
    came(x_webhook_secret="s3cret"),
    came(query={"secret": "s3cret"}),
    came(authorization=token({"exp": EXPIRES, "app": "evolution", "action": "webhook"})),
    came(authorization=token({"exp": (NOW - timedelta(minutes=25)).timestamp()})),
    came(query={"secret": "s3cret"}, authorization="Bearer of another gateway"),
]


@pytest.mark.parametrize("request_", PROOFS)
def test_a_proof_opens_the_door(request_: WebhookRequest) -> None:
    """The shared secret, or Evolution's token; a late repetition carries the first token, and must not be lost."""
    Bridge(httpx.AsyncClient()).authenticate(request_, MAIN)


@pytest.mark.parametrize(
    "request_",
    [
        came(),
        came(query={"secret": "wrong"}),
        came(x_webhook_secret="wrong", authorization=token({"exp": EXPIRES})),
        came(authorization="Bearer s3cret"),
        came(authorization="Basic s3cret"),
        came(authorization=token({"exp": EXPIRES}, secret="other")),
        came(authorization=token({"exp": EXPIRES}, algorithm="none")),
        came(authorization=token({"exp": (NOW - timedelta(hours=1)).timestamp()})),
        came(authorization=token({"iat": 1})),
        came(authorization=token({"exp": True})),
        came(authorization=token({"exp": float("nan")})),
        came(authorization=token([1])),
        came(authorization="Bearer ї.ж.ак"),
        came(authorization="Bearer a.b.c.d"),
        came(authorization=token({"exp": EXPIRES})[:-2]),
    ],
)
def test_no_proof_no_entry(request_: WebhookRequest) -> None:
    """A wrong secret, a foreign or unsigned token, and yesterday's are refused."""
    with pytest.raises(NotProven):
        Bridge(httpx.AsyncClient()).authenticate(request_, MAIN)


# --- batches --------------------------------------------------------------------------------------------------------


@given(st.lists(st.sampled_from(["text", "junk", "group", "own", "ack"]), max_size=12), st.integers(0, 4))
@settings(max_examples=200, deadline=None)
def test_nothing_of_a_batch_vanishes(kinds: list[str], shape: int) -> None:
    """However messages are bundled, each is accounted for, in its order, and junk takes none of them with it."""
    makers: dict[str, Any] = {
        "text": lambda n: {"id": f"false_42@c.us_M{n}", "from": "42@c.us", "type": "chat", "body": f"№ {n}"},
        "junk": lambda n: [None, 7, "x", {}][n % 4],
        "group": lambda n: {"id": f"false_1@g.us_M{n}", "from": "1@g.us", "type": "chat", "body": "?"},
        "own": lambda n: {"id": f"true_42@c.us_M{n}", "to": "42@c.us", "fromMe": True, "type": "chat", "body": "ми"},
        "ack": lambda n: {"key": {"id": f"M{n}", "remoteJid": "42@c.us", "fromMe": True}, "update": {"status": 4}},
    }
    items = [makers[kind](number) for number, kind in enumerate(kinds)]
    shapes = [items, {"messages": items}, {"batch": items}, {"data": items}, {"event": "onmessage", "data": items}]
    if all(kind == "junk" for kind in kinds) and kinds:
        return
    told = read_body(shapes[shape], NOW, MAIN)
    expected = [f"№ {number}" for number, kind in enumerate(kinds) if kind == "text"]
    assert expected == [each.message.text for each in told if isinstance(each, Received)]
    assert max(len(kinds), 1) == len(told)
    cut = by_instance(shapes[shape])
    assert told == [each for body in cut.values() for each in read_body(body, NOW, MAIN)]


@pytest.mark.parametrize("path", sorted(PAYLOADS.glob("*.json")), ids=lambda path: path.stem)
def test_cutting_by_account_changes_nothing(path: Path) -> None:
    """What the door cuts apart reads as the whole would have."""
    body = json.loads(path.read_bytes())
    try:
        whole = read_body(body, NOW, MAIN)
    except NotUnderstood:
        return
    pieces = [each for piece in by_instance(body).values() for each in read_body(piece, NOW, MAIN)]
    assert whole == pieces


def test_a_batch_of_two_shops_is_cut_in_two() -> None:
    """Messages belong to the instance they came through."""
    other = upsert() | {"instance": "other"}
    cut = by_instance([upsert(), other, {"session": "web", "id": "false_1@c.us_A", "from": "1@c.us", "body": "x"}])
    assert [("shop", 1), ("other", 1), ("web", 1)] == [(name, len(body)) for name, body in cut.items()]
    [received] = read_body(cut["web"], NOW, MAIN)
    assert isinstance(received, Received)
    assert received.message.route == "wppconnect/web"


def test_a_batch_beyond_reason_is_refused_aloud() -> None:
    """Cutting it short would lose messages in silence."""
    with pytest.raises(NotUnderstood):
        by_instance([{}] * (MOST_NOTICES + 1))


@pytest.mark.parametrize("body", [None, 5, "x", {}, [1, 2], {"object": "page"}, {"data": {"a": 1}}])
def test_a_strangers_body_is_not_understood(body: Any) -> None:
    """What holds neither an event nor a message is no bridge's."""
    with pytest.raises(NotUnderstood):
        read_body(body, NOW, MAIN)


DEEP: Any = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8) | st.sampled_from(["42@c.us", "9@lid", "1@g.us"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    *(*evolution.READERS, *evolution.WRAPPERS, *evolution.ONCE, "message", "key", "id", "update"),
                    *("remoteJid", "fromMe", "text", "caption", "contextInfo", "type", "editedMessage", "from"),
                    *("body", "vcard", "contacts", "t", "ack", "to", "sender", "mediaUrl", "messageTimestamp"),
                    *("low", "high", "status"),
                ]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)
EVENTS = ["messages.upsert", "messages.update", "messages.delete", "messages.edited", "send.message", "onack", "odd", 5]
TYPES = st.sampled_from([*wppconnect.READERS, *wppconnect.ASIDES, "revoked", "?", None, 5])


@given(st.sampled_from(EVENTS), DEEP, st.fixed_dictionaries({"type": TYPES, "from": DEEP, "body": DEEP, "id": DEEP}))
@settings(max_examples=500, deadline=None)
def test_no_field_breaks_the_reading(event: Any, item: Any, flat: dict[str, Any]) -> None:
    """Any field may be missing, null, or something else."""
    nodes = {"event": event, "instance": "shop", "data": {"key": KEY, "message": item, "update": item}}
    for body in (nodes, flat | {"event": event, "session": "s"}, flat | {"from": "42@c.us", "listResponse": item}):
        for told in read_body(body, NOW, MAIN):
            told.model_dump_json()
            assert not isinstance(told, Ignored) or len(told.reason) < 40


# --- who ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("jids", "expected"),
    [
        (["380671112233@s.whatsapp.net"], "380671112233"),
        (["380671112233:17@s.whatsapp.net"], "380671112233"),
        (["+380671112233"], "380671112233"),
        (["184726374859@lid", "380671112233@c.us"], "380671112233"),
        (["184726374859:3@lid"], "184726374859@lid"),
        ([{"user": "42", "server": "c.us"}], "42"),
        (["42@c.us", "1@g.us"], Elsewhere.GROUP),
        (["status@broadcast"], Elsewhere.BROADCAST),
        (["0@c.us"], Elsewhere.NOBODY),
        (["184726374859123456"], Elsewhere.NOBODY),
        (["meta@bot", None, 4.5, {}], Elsewhere.NOBODY),
        ([], Elsewhere.NOBODY),
    ],
)
def test_a_phone_wins_and_a_lid_is_never_one(jids: list[Any], expected: str) -> None:
    """One customer is one contact, and the digits of a LID are not dialled."""
    assert expected == contact_among(jids)


def test_ids_of_a_message_are_one() -> None:
    """A replay, the flat event and the API's answer name the same message."""
    ways = ["AB12", "false_42@c.us_AB12", "true_9@lid_AB12_out", {"_serialized": "false_42@c.us_AB12"}, {"id": "AB12"}]
    assert {"AB12"} == {message_id_of(way) for way in ways}
    assert message_id_of(None) is None


def test_our_own_writing_names_the_customer() -> None:
    """What we sent belongs to the customer's conversation, not to one with ourselves."""
    own = KEY | {"fromMe": True, "remoteJid": "9@lid", "remoteJidAlt": "42@s.whatsapp.net", "senderPn": "1@c.us"}
    expected = Echo(address=TO, message_id="M1", by_operator=None, text="Привіт", names=("42", "9@lid"))
    assert [expected] == read_body(upsert(key=own), NOW, MAIN)
    note = upsert() | {"sender": "42:3@s.whatsapp.net"}
    assert [Ignored(reason="note_to_self")] == read_body(note, NOW, MAIN)


def test_a_message_that_becomes_legible_is_not_taken_for_a_repetition() -> None:
    """ "Waiting for this message" and the message have one id on WhatsApp, and two with us."""
    hidden, clear = (read_body(upsert(message), NOW, MAIN)[0] for message in ({"messageContextInfo": {}}, None))
    assert isinstance(hidden, Received)
    assert isinstance(clear, Received)
    assert ("M1:unreadable", MessageKind.OTHER) == (hidden.message.id, hidden.message.kind)
    assert clear.message.id == "M1"


def test_a_message_without_an_id_has_a_fingerprint() -> None:
    """The same words at the same time are the same message."""
    bare = {"from": "42@c.us", "type": "chat", "body": "Привіт", "t": 1763719200}
    ids = {each.message.id for each in read_body([bare, bare], NOW, MAIN) if isinstance(each, Received)}
    assert [64] == [len(own) for own in ids]


def test_no_bytes_and_no_key_of_the_bridge_are_kept() -> None:
    """Histories hold no pictures, and no credentials."""
    body = upsert({"imageMessage": {"mimetype": "image/png"}, "base64": "QUJD" * 50}) | {"apikey": "very-secret"}
    [received] = read_body(next(iter(by_instance(body).values())), NOW, MAIN)
    written = received.model_dump_json()
    assert "QUJD" not in written
    assert "very-secret" not in json.dumps(by_instance(body))


# --- builders -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("channel", ["", "wppconnect"])
def test_simulated_webhooks_are_read(channel: str) -> None:
    """What the simulated phones tell is what bridges tell."""
    picture = Media(url="https://a.example/b.jpg", kind=MessageKind.IMAGE)
    said = Said(contact="42", text="Оця", media=(picture,), channel=channel, name="Оля", at=NOW)
    [received] = read_body(json.loads(inbound(said, MAIN).body), NOW, MAIN)
    assert isinstance(received, Received)
    assert (MessageKind.IMAGE, "Оця", "https://a.example/b.jpg") == (
        received.message.kind,
        received.message.text,
        received.message.media[0].url,
    )
    written = Said(contact="42", text="Я тут", channel=channel, message_id="E1", at=NOW)
    [seen] = read_body(json.loads(echo(written, MAIN).body), NOW, MAIN)
    assert Echo(address=TO, message_id="E1", by_operator=None, text="Я тут", at=NOW, names=("42",)) == seen


def test_simulated_receipts_taps_and_takebacks_are_read() -> None:
    """The same for what is only about messages."""
    entry = Entry(platform="bridge", contact="42", at=NOW, direction=Direction.OUT, external_id="S1")
    for state in ReceiptState:
        [told] = read_body(json.loads(receipt(entry, state, MAIN).body), NOW, MAIN)
        assert isinstance(told, ReceiptSeen)
        assert (state, "S1", TO) == (told.state, told.message_id, told.address)
    taken_back = Unsent(address=TO, message_id="M1", names=("42",))
    assert [taken_back] == read_body(json.loads(unsent("42", "M1", NOW, MAIN).body), NOW, MAIN)
    tap = Said(contact="9@lid", text="Так", choice="yes", at=NOW)
    [received] = read_body(json.loads(inbound(tap, MAIN).body), NOW, MAIN)
    assert isinstance(received, Received)
    assert ("9@lid", "yes", "Так") == (received.address.contact, received.message.choice, received.message.text)
