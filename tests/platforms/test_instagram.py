"""Instagram's webhooks: threads, echoes and stories, and what is no customer's word."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.failures import (
    NotUnderstood,
)
from domain.identifiers import Address
from domain.messages import (
    Choice,
    Echo,
    Ignored,
    Inbound,
    Media,
    MessageKind,
    Received,
)
from platforms.base import Credentials
from platforms.instagram.attachments import content_of
from platforms.instagram.dialect import cut_by_account, read_body

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
OWN, GUEST = "17841405822304914", "987654321012345"
MAIN = Credentials(account=OWN, access_token="token", webhook_secret="s3cret", options={"app_id": "2071"})
TO = Address(platform="instagram", account=OWN, contact=GUEST)
CHOICES = (Choice(id="y", title="Так"), Choice(id="n", title="Ні"))


def event(sender: str = GUEST, recipient: str = OWN, **told: Any) -> dict[str, Any]:
    return {"sender": {"id": sender}, "recipient": {"id": recipient}, "timestamp": 1763719200123, **told}


def read(*events: Any, key: str = "messaging") -> list[Inbound]:
    return read_body({"object": "instagram", "entry": [{"id": OWN, key: list(events)}]}, NOW, MAIN)


def read_message(**told: Any) -> Received:
    [received] = read(event(message={"mid": "m1", **told}))
    assert isinstance(received, Received)
    return received


def test_a_body_is_cut_by_the_accounts_it_names() -> None:
    """One webhook may speak of several shops, and of things that belong to none."""
    entries = [{"id": "1"}, {"id": 2}, {"id": "1"}, {"id": None}, 5]
    cut = cut_by_account({"object": "instagram", "entry": entries})
    assert {"1": 2, "2": 1, "": 2} == {name: len(body["entry"]) for name, body in cut.items()}
    for odd in ({"object": "page"}, {"object": "instagram", "entry": 5}, [{"object": "instagram"}]):
        assert {"": odd} == cut_by_account(odd)


@pytest.mark.parametrize("body", [None, [], {}, [5], {"object": ["instagram"]}, "instagram"])
def test_a_strangers_body_is_not_understood(body: Any) -> None:
    """What is neither Instagram's nor a Page's is refused."""
    for read_it in (cut_by_account, lambda it: read_body(it, NOW, MAIN)):
        with pytest.raises(NotUnderstood):
            read_it(body)


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ({"message": {"mid": "m", "is_echo": True, "app_id": 2071}}, False),
        ({"message": {"mid": "m", "is_echo": True, "app_id": "2071"}}, False),
        ({"message": {"mid": "m", "is_echo": True, "app_id": 9}}, None),
        ({"message": {"mid": "m", "is_echo": True, "app_id": None}}, None),
    ],
)
def test_an_echo_is_ours_only_by_our_own_app(told: dict[str, Any], expected: bool | None) -> None:
    """Another app's name does not make a person of it; our books are asked."""
    [shown] = read(event(OWN, GUEST, **told))
    assert (
        Echo(address=TO, message_id="m", by_operator=expected, at=shown.at if isinstance(shown, Echo) else None)
        == shown
    )


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        (event(message={}), "empty"),
        (event(message="hi"), "unknown_event"),
        (event(message={"mid": "m", "is_echo": True, "is_self": True}), "self"),
        (event(GUEST, GUEST, message={"mid": "m", "text": "x"}), "self"),
        (event(OWN, GUEST, message={"mid": "m", "text": "x"}), "own_message"),
        (event(message={"is_echo": True}), "echo_without_id"),
        (event(message={"is_deleted": True}), "deleted_without_id"),
        (event(message_edit={"mid": "m", "text": None}), "empty_edit"),
        (event(read=None), "unknown_event"),
        (event(read={}), "read"),
        (event(delivery={"mids": None}), "delivery"),
        (event(optin={"type": "x"}), "optin"),
        ({"message": {"mid": "m", "text": "x"}}, "no_sender"),
        ({"sender": None, "postback": {"payload": "x"}}, "no_sender"),
        ({"sender": 5, "read": {"mid": "m"}}, "no_sender"),
        (5, "unknown_event"),
    ],
)
def test_what_is_no_customers_word_is_counted_by_a_label(fields: Any, reason: str) -> None:
    """Nobody is answered who did not ask."""
    assert [Ignored(reason=reason)] == read(fields)


@pytest.mark.parametrize(
    ("entry", "reason"),
    [
        (None, "unknown_entry"),
        ({"changes": [{"field": "a_new_one", "value": {}}]}, "unknown_change"),
        ({"changes": [{"field": "messages", "value": None}]}, "unknown_change"),
        ({"changes": [7]}, "unknown_change"),
        ({"field": "mentions", "value": {"media_id": "1"}}, "mentions"),
        ({"field": "messages", "value": {"sender": {"id": "1"}}}, "unknown_event"),
    ],
)
def test_public_and_unknown_news_are_counted(entry: Any, reason: str) -> None:
    """A comment under a post is no conversation."""
    assert [Ignored(reason=reason)] == read_body({"object": "instagram", "entry": [entry]}, NOW, MAIN)


@pytest.mark.parametrize(
    ("stamp", "expected"),
    [
        (1763719200123, "2025-11-21T10:00:00.123000+00:00"),
        (1763719200, "2025-11-21T10:00:00+00:00"),
        ("1763719200", "2025-11-21T10:00:00+00:00"),
        ("1763719200123", "2025-11-21T10:00:00.123000+00:00"),
        ("2025-11-21T10:00:00+0000", "2025-11-21T10:00:00+00:00"),
        (None, "None"),
        ({"x": 1}, "None"),
        (True, "None"),
    ],
    ids=repr,
)
def test_seconds_and_milliseconds_are_the_same_moment(stamp: Any, expected: str) -> None:
    """Whatever the clock is written in."""
    [received] = read(event(message={"mid": "m", "text": "x"}) | {"timestamp": stamp})
    assert isinstance(received, Received)
    assert expected == (received.message.sent_at.isoformat() if received.message.sent_at else "None")


@pytest.mark.parametrize(
    ("attachment", "kind", "text", "urls"),
    [
        ({"type": "image", "payload": {"url": "https://a.example/s", "sticker_id": 369}}, "image", "", 1),
        ({"type": "media", "payload": {"url": "https://a.example/s"}}, "image", "", 1),
        ({"type": "reel", "payload": {"url": "https://a.example/s"}}, "video", "", 1),
        ({"type": "a_new_one", "payload": {"url": "https://a.example/s"}}, "other", "", 1),
        ({"type": "image", "payload": {"url": "http://[broken"}}, "other", "", 0),
        ({"type": "image", "payload": None}, "other", "", 0),
        ({"type": None, "payload": 5}, "other", "", 0),
        ({"type": "like_heart", "payload": {}}, "text", "❤️", 0),
        ({"type": "location", "payload": {"coordinates": {"lat": 50.4, "long": 30.5}}}, "text", "50.4, 30.5", 0),
        ({"type": "location", "payload": {"coordinates": 5}}, "other", "", 0),
        ({"type": "share", "payload": {"url": "https://lookaside.fbsbx.com/x"}}, "image", "", 1),
        (
            {"type": "ig_reel", "payload": {"url": "https://www.instagram.com/r/1", "title": "R"}},
            "text",
            "R\nhttps://www.instagram.com/r/1",
            0,
        ),
        ({"type": "fallback", "title": "Shop", "url": "https://a.example/"}, "text", "Shop\nhttps://a.example/", 0),
        ({"type": "template", "payload": {"template_type": "generic", "elements": [{"title": "T"}]}}, "text", "T", 0),
        ({"type": "template", "payload": {"product": {"elements": [5]}}}, "other", "", 0),
        (5, "other", "", 0),
    ],
)
def test_an_attachment_is_shown_said_or_asked_about(attachment: Any, kind: str, text: str, urls: int) -> None:
    """A customer's message is never lost, whatever it holds."""
    content = content_of({"attachments": [attachment]})
    assert (kind, text, urls) == (content.kind, content.text, len(content.media))


def test_words_win_over_a_shared_posts_title() -> None:
    """What the customer wrote is what was said."""
    shared = {"type": "ig_post", "payload": {"url": "https://a.example/p", "title": "Осіння колекція"}}
    message = read_message(text="скільки?", attachments=[shared, shared]).message
    media = Media(url="https://a.example/p", name="Осіння колекція", kind=MessageKind.IMAGE)
    assert ("скільки?", (media,)) == (message.text, message.media)


def test_a_message_without_an_id_is_known_again() -> None:
    """Delivered twice, it is one; said again later, it is another."""
    first, again = (read(event(postback={"title": "Ціни", "payload": "P"}))[0] for _ in range(2))
    [later] = read(event(postback={"title": "Ціни", "payload": "P"}) | {"timestamp": 1763719300000})
    assert isinstance(first, Received)
    assert isinstance(again, Received)
    assert isinstance(later, Received)
    assert first.message.id == again.message.id != later.message.id


def test_an_edit_without_a_number_is_told_apart_by_its_words() -> None:
    """Two edits of one message are two."""
    ids = {
        one.message.id
        for text in ("дві", "три", "три")
        for one in read(event(message_edit={"mid": "m", "text": text}))
        if isinstance(one, Received)
    }
    assert 2 == len(ids)


Junk = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(["42", OWN, "image"]),
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["id", "url", "type"]), inner, max_size=2)
    ),
    max_leaves=4,
)
Told = st.dictionaries(
    st.sampled_from(
        [
            *("mid", "text", "is_echo", "is_deleted", "is_self", "is_unsupported", "quick_reply", "reply_to", "app_id"),
            *("attachments", "referral", "payload", "title", "num_edit", "mids", "watermark"),
        ]
    ),
    Junk,
    max_size=6,
)
Events = st.fixed_dictionaries(
    {},
    optional={
        "sender": st.just({"id": "42"}) | Junk,
        "recipient": st.just({"id": OWN}) | Junk,
        "timestamp": Junk,
        **dict.fromkeys(("message", "postback", "message_edit", "read", "delivery", "reaction"), Told | Junk),
    },
)
Entries = st.fixed_dictionaries(
    {},
    optional={
        "id": st.just(OWN) | Junk,
        "time": Junk,
        "messaging": st.lists(Events, max_size=2) | Junk,
        "standby": st.lists(Events, max_size=2) | Junk,
        "changes": st.lists(
            st.fixed_dictionaries({"field": st.just("messages") | Junk, "value": Events | Junk}), max_size=2
        ),
        "field": Junk,
        "value": Junk,
    },
)


@given(entry=Entries | Junk)
@settings(max_examples=400, deadline=None)
def test_no_shape_of_an_event_breaks_the_reader(entry: Any) -> None:
    """Any field may be missing, null, or something else; what comes out can be stored."""
    body = {"object": "instagram", "entry": [entry]}
    for account, cut in cut_by_account(body).items():
        assert len(account) <= 64
        for one in read_body(cut, NOW, MAIN):
            assert "\\u0000" not in one.model_dump_json()
            if isinstance(one, Received):
                said = one.message
                assert said.text or said.media or said.kind is MessageKind.OTHER
                assert said.id
