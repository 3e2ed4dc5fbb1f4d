"""Nobody speaks for a platform who cannot prove it: every platform of the registry, every way to fake a proof."""

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import count
from typing import Any
from uuid import uuid4

import httpx
import pytest
import yaml
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode
from temporalio.worker import Worker

from benchmarks.recorded import FOLDER, SIGNERS, proven, recorded
from contracts.conversation import TASK_QUEUE, PageRequest
from platforms.base import Credentials, Platform
from platforms.kit import Said
from platforms.registry import PLATFORMS, names, platforms, variables
from platforms.simulation import Webhook
from providers.secrets import new_key
from runtime.sandbox import sandbox
from runtime.temporal import connect
from tests.api.namespaces import fresh_namespace
from tests.api.running import serving, settings_for
from tests.servers_here import Servers
from workflows.conversation import ConversationWorkflow

OURS, THEIRS = "1001", "1002"
"""Two shops on every platform: the environment's own, and one stored in the database."""
SECRETS = {OURS: "secret-of-ours", THEIRS: "secret-of-theirs"}
TOKENS = {OURS: "token-of-ours", THEIRS: "token-of-theirs"}
_numbers = count(700_000_000)


def credentials(account: str = OURS) -> Credentials:
    """What a shop and its platform share."""
    return Credentials(
        account=account, access_token=TOKENS[account], webhook_secret=SECRETS[account], verify_token=f"verify-{account}"
    )


@pytest.fixture(scope="module")
def namespace(servers: Servers) -> str:
    """A namespace of this module's own."""
    return fresh_namespace(servers, "proofs")


@pytest.fixture(scope="module")
def doors(servers: Servers, namespace: str) -> Iterator[str]:
    """The API of two shops on every platform; nobody works."""
    shared: dict[str, Any] = {
        "temporal_address": servers.temporal_address,
        "temporal_namespace": namespace,
        "database_url": servers.fresh_database(f"proofs_{uuid4().hex[:12]}"),
    }
    for known in variables():
        for field, value in {
            "account_id": OURS, "access_token": TOKENS[OURS], "webhook_secret": SECRETS[OURS],
            "verify_token": f"verify-{OURS}",
        }.items():  # fmt: skip
            shared[known.variable(field).lower()] = value
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("EVERTURN_SECRETS_KEY", new_key())
        with serving(settings_for(**shared)) as url:
            _open_second_shops(url)
            yield url


def _open_second_shops(url: str) -> None:
    """As an operator would."""
    headers = {"Authorization": "Bearer operator-secret"}
    with httpx.Client(base_url=url, headers=headers, timeout=20, trust_env=False) as operator:
        for name in names():
            secrets = credentials(THEIRS).model_dump(
                include={"account", "access_token", "webhook_secret", "verify_token"}
            )
            answer = operator.post("/api/accounts", params={"check": False}, json={"platform": name, **secrets})
            assert 201 == answer.status_code, answer.text


@pytest.fixture
def knock(doors: str) -> Iterator["Knock"]:
    """Posts webhooks."""
    with httpx.Client(base_url=doors, timeout=20, trust_env=False) as client:
        yield Knock(client)


class Knock:
    """A platform, or somebody who pretends to be one."""

    def __init__(self, client: httpx.Client) -> None:
        self.client = client

    def __call__(self, hook: Webhook, account: str = "") -> httpx.Response:
        path = f"{hook.path}/{account}" if account else hook.path
        for _ in range(50):  # a fresh namespace is not known everywhere at once
            headers = httpx.Headers(dict(hook.headers), encoding="latin-1")
            answer = self.client.post(path, params=dict(hook.query), headers=headers, content=hook.body)
            if answer.status_code != 503:
                break
        return answer


@pytest.fixture
async def temporal(servers: Servers, namespace: str) -> Client:
    """A look behind the scenes."""
    return await connect(settings_for(temporal_address=servers.temporal_address, temporal_namespace=namespace))


def written(name: str, account: str = OURS, **more: Any) -> tuple[str, Webhook]:
    """A customer nobody has met, and the webhook of what they write."""
    contact = str(next(_numbers))
    said = Said(**{"contact": contact, "text": "Привіт", "message_id": contact, "at": datetime.now(UTC)} | more)
    return contact, PLATFORMS[name].inbound(said, credentials(account))


async def heard(temporal: Client, name: str, contact: str, account: str = OURS) -> int:
    """How many messages stand in this customer's conversation; 0: there is none."""
    handle = temporal.get_workflow_handle(f"conv:{name}:{account}:{contact}")
    try:
        history = await handle.fetch_history()
    except RPCError as error:
        if error.status is not RPCStatusCode.NOT_FOUND:
            raise
        return 0
    return sum(event.HasField("workflow_execution_signaled_event_attributes") for event in history.events)


@cache
def proofs_of(name: str) -> tuple[tuple[str, str], ...]:
    """Where a platform's proofs stand in a webhook: (`headers` or `query`, the name)."""
    _, hook = written(name)
    stamps = {"content-type", "x-timestamp"}
    return (*(("query", key) for key in hook.query), *(("headers", key) for key in hook.headers if key not in stamps))


def with_proof(hook: Webhook, place: tuple[str, str], value: str | None) -> Webhook:
    """The webhook with another proof in one place; None: without it."""
    where, key = place
    given: Mapping[str, str] = getattr(hook, where)
    others = {name: old for name, old in given.items() if name != key}
    return hook.model_copy(update={where: others if value is None else others | {key: value}})


FAKES = {
    "truncated": lambda right: right[:-1],
    "longer": lambda right: f"{right}0",
    "last letter changed": lambda right: right[:-1] + ("0" if right[-1] != "0" else "1"),
    "first letter changed": lambda right: ("z" if right[0] != "z" else "y") + right[1:],
    "half of it": lambda right: right[: len(right) // 2],
    "another algorithm": lambda right: f"sha1={right.removeprefix('sha256=')}",
    "no algorithm": lambda right: right.removeprefix("sha256=") if right.startswith("sha256=") else "sha256",
    "the algorithm alone": lambda _: "sha256=",
    "twice": lambda right: f"{right}, {right}",
    "zeros": lambda right: "0" * len(right),
    "not ASCII": lambda _: "\xff\xfe",
    "a wildcard": lambda _: "*",
    "null": lambda _: "null",
}
PLACES = [(name, place) for name in names() for place in proofs_of(name)]
FAKED = [(name, place, fake) for name, place in PLACES for fake in FAKES]
SIGNED = [name for name in names() if any(place[1] in SIGNERS for place in proofs_of(name))]
SIGNATURE_ASIDE = ("chat2desk", "x-signature")
"""Chat2Desk signs where it can, and is believed for its secret where it does not: a missing signature is no fake."""


@cache
def alone(name: str) -> Platform:
    """A platform that is not asked to send."""
    return platforms(httpx.AsyncClient())[name]


def _together(name: str, *hooks: Webhook) -> bytes:
    """One body of several shops': the bridge's envelopes as a batch, Meta's entries in one list."""
    bodies = [json.loads(hook.body) for hook in hooks]
    if "entry" not in bodies[0]:
        return json.dumps(bodies).encode()
    return json.dumps(bodies[0] | {"entry": [entry for body in bodies for entry in body["entry"]]}).encode()


@pytest.mark.slow
@pytest.mark.parametrize("name", names())
async def test_who_proves_itself_is_heard_once_however_often_it_repeats(
    name: str, knock: Knock, temporal: Client
) -> None:
    """A right webhook is taken; the same bytes again, from the platform or from a thief, say nothing twice."""
    contact, hook = written(name)
    statuses = [knock(hook).status_code for _ in range(3)]
    handle = temporal.get_workflow_handle_for(ConversationWorkflow.run, f"conv:{name}:{OURS}:{contact}")
    async with Worker(temporal, task_queue=TASK_QUEUE, workflows=[ConversationWorkflow], workflow_runner=sandbox()):
        page = await handle.query(ConversationWorkflow.transcript_page, PageRequest())
        overview = await handle.query(ConversationWorkflow.overview)

    assert [True] * 3 == [200 <= status < 300 for status in statuses], statuses
    assert (["in"], 2) == ([line.direction for line in page.lines], overview.duplicates)


@pytest.mark.parametrize(("name", "place", "fake"), FAKED, ids=lambda part: part if isinstance(part, str) else part[1])
async def test_a_faked_proof_is_refused_and_nothing_is_heard(
    name: str, place: tuple[str, str], fake: str, knock: Knock, temporal: Client
) -> None:
    """Whoever guesses at a secret or a signature, however nearly: 403, and no conversation knows of it."""
    contact, hook = written(name)
    answer = knock(with_proof(hook, place, FAKES[fake](getattr(hook, place[0])[place[1]])))
    assert (403, "application/problem+json") == (answer.status_code, answer.headers["content-type"]), answer.text
    assert 0 == await heard(temporal, name, contact)


@pytest.mark.parametrize("given", [None, ""], ids=["missing", "empty"])
@pytest.mark.parametrize(("name", "place"), PLACES, ids=lambda part: part if isinstance(part, str) else part[1])
async def test_no_proof_is_refused_and_nothing_is_heard(
    name: str, place: tuple[str, str], given: str | None, knock: Knock, temporal: Client
) -> None:
    """Who sends no proof, or an empty one, is told so: 401 or 403."""
    contact, hook = written(name)
    answer = knock(with_proof(hook, place, given))
    if (name, place[1], given) == (*SIGNATURE_ASIDE, None):
        assert answer.is_success, "the secret in the address stands alone where no signature is sent"
        return
    assert answer.status_code in (401, 403), answer.text
    assert 0 == await heard(temporal, name, contact)


@pytest.mark.parametrize("name", names())
async def test_another_shops_proof_is_none(name: str, knock: Knock, temporal: Client) -> None:
    """A shop that knows its own secret cannot put words into the mouths of another shop's customers.

    Neither by its own webhook at the other's address, nor by a body that names the other.
    """
    contact, hook = written(name)
    foreign = proven(name, hook.body, credentials(THEIRS))
    refused = [knock(foreign).status_code, knock(foreign, OURS).status_code, knock(hook, THEIRS).status_code]
    if alone(name).abilities("").many_accounts:  # the body names ours, and ours has proven it: the address says nothing
        assert [403, 403] == refused[:2]
        assert 200 <= refused[2] < 300
        assert [1, 0] == [await heard(temporal, name, contact, account) for account in (OURS, THEIRS)]
        return
    assert [403] * 3 == refused
    assert [0, 0] == [await heard(temporal, name, contact, account) for account in (OURS, THEIRS)]


@pytest.mark.parametrize("name", [name for name in names() if alone(name).abilities("").many_accounts])
async def test_a_body_that_names_both_shops_is_not_believed_for_one(name: str, knock: Knock, temporal: Client) -> None:
    """Ours hidden among theirs, all signed by them: nothing of it is taken, not even their own part."""
    contact, ours = written(name)
    other, theirs = written(name, THEIRS)
    both = _together(name, ours, theirs)
    for signer in (THEIRS, OURS):
        assert 403 == knock(proven(name, both, credentials(signer))).status_code
    assert [0, 0] == [await heard(temporal, name, contact), await heard(temporal, name, other, THEIRS)]


@pytest.mark.parametrize("name", names())
async def test_each_shop_is_heard_at_its_own_address(name: str, knock: Knock, temporal: Client) -> None:
    """The second shop's customers reach the second shop, by its own secret."""
    contact, hook = written(name, THEIRS)
    assert knock(hook, THEIRS).is_success
    assert [0, 1] == [await heard(temporal, name, contact, account) for account in (OURS, THEIRS)]
    if not alone(name).abilities("").many_accounts:
        assert 404 == knock(hook, "nobody").status_code


@pytest.mark.parametrize("name", SIGNED)
async def test_one_changed_byte_breaks_a_signature(name: str, knock: Knock, temporal: Client) -> None:
    """Signed is what came, to the byte: another text, a blank more, a letter less, the same JSON spelt otherwise."""
    contact, hook = written(name, text="tri 3")
    body = hook.body
    changed = {
        "another number": body.replace(b"tri 3", b"tri 4"),
        "a blank before": b" " + body,
        "a blank after": body + b"\n",
        "a byte less": body[:-1],
        "a mark before": b"\xef\xbb\xbf" + body,
        "spelt otherwise": body.replace(b"tri", b"\\u0074ri"),
        "nothing": b"",
    }
    for how, other in changed.items():
        assert other != body, how
        assert 403 == knock(hook.model_copy(update={"body": other})).status_code, how
    assert 0 == await heard(temporal, name, contact)


@pytest.mark.parametrize("name", SIGNED)
async def test_a_signatures_letters_may_be_capitals(name: str, knock: Knock, temporal: Client) -> None:
    """The same number in other letters is the same proof; the right letters of another body are none."""
    contact, hook = written(name)
    [place] = [place for place in proofs_of(name) if place[1] in SIGNERS]
    right = hook.headers[place[1]]
    stranger, other = written(name)
    borrowed = with_proof(other, place, right.upper())
    assert 403 == knock(borrowed).status_code
    assert knock(with_proof(hook, place, right.upper())).is_success
    assert [1, 0] == [await heard(temporal, name, contact), await heard(temporal, name, stranger)]


@pytest.mark.parametrize("age", [timedelta(hours=24, minutes=1), timedelta(days=400), timedelta(hours=-25)], ids=str)
@pytest.mark.parametrize("name", [name for name in SIGNED if "x-timestamp" in written(name)[1].headers])
async def test_a_stale_signature_is_none(name: str, age: timedelta, knock: Knock, temporal: Client) -> None:
    """A webhook recorded a day ago and played again, rightly signed then, is refused; so is one from the future."""
    contact, hook = written(name, at=datetime.now(UTC) - age)
    assert 403 == knock(hook).status_code
    renewed = str(int(datetime.now(UTC).timestamp()))
    assert 403 == knock(with_proof(hook, ("headers", "x-timestamp"), renewed)).status_code, "the time is signed, too"
    for illegible in (None, "", "yesterday", "1e9", "nan", "-1", "9" * 400):
        assert 403 == knock(with_proof(hook, ("headers", "x-timestamp"), illegible)).status_code, illegible
    assert 0 == await heard(temporal, name, contact)


@pytest.mark.parametrize("name", names())
def test_every_recorded_body_passes_the_door_with_its_proof_and_not_without(name: str, knock: Knock) -> None:
    """What platforms really send is 2xx, what is not theirs 400; and without proof nobody learns which it is."""
    for file, body in recorded(name).items():
        expected = yaml.safe_load((FOLDER / name / f"{file}.yaml").read_text())
        theirs = not any("not_understood" in each for each in expected)
        right = knock(proven(name, body, credentials()))
        assert right.is_success if theirs else right.status_code == 400, (file, right.status_code, right.text)
        wrong = knock(proven(name, body, credentials().model_copy(update={"webhook_secret": "guessed"})))
        assert 403 == wrong.status_code, file


# --- verification of an address -------------------------------------------------------------------------------------

ASKED = {"hub.mode": "subscribe", "hub.challenge": "1158201444", "hub.verify_token": f"verify-{OURS}"}
META = [name for name in names() if name in ("whatsapp", "instagram")]


def ask(knock: Knock, name: str, account: str = "", **changed: str) -> httpx.Response:
    """Meta's question, with something of it changed."""
    path = alone(name).webhook_path + (f"/{account}" if account else "")
    return knock.client.get(path, params=ASKED | {f"hub.{field}": value for field, value in changed.items()})


@pytest.mark.parametrize("name", META)
def test_a_verified_address_gives_the_challenge_back(name: str, knock: Knock) -> None:
    """As plain text, to the letter; each shop by its own token."""
    for answer in (ask(knock, name), ask(knock, name, THEIRS, verify_token=f"verify-{THEIRS}")):
        kind = answer.headers["content-type"].split(";")[0]
        assert (200, "text/plain", ASKED["hub.challenge"]) == (answer.status_code, kind, answer.text)


@pytest.mark.parametrize(
    "wrong",
    [
        *({"verify_token": token} for token in ("", "guessed", f"verify-{OURS}x", f"verify-{OURS[:-1]}", "\xff")),
        *({"mode": mode} for mode in ("", "unsubscribe", "SUBSCRIBE")),
        *({"challenge": odd} for odd in ("", "x" * 501, "<b>\n</b>")),
        {"verify_token": f"verify-{THEIRS}"},
    ],
    ids=str,
)
@pytest.mark.parametrize("name", META)
def test_a_wrong_question_gets_no_challenge(name: str, wrong: dict[str, str], knock: Knock) -> None:
    """A stranger, or the other shop, cannot claim our address, nor have us say what they like."""
    answer = ask(knock, name, **wrong)
    assert (403, "application/problem+json") == (answer.status_code, answer.headers["content-type"])


@pytest.mark.parametrize("name", [name for name in names() if name not in META])
def test_who_asks_no_questions_gets_no_answers(name: str, knock: Knock) -> None:
    """Other platforms verify nothing: their address takes POST."""
    answer = ask(knock, name)
    assert (405, "POST") == (answer.status_code, answer.headers["allow"])


@pytest.mark.parametrize("name", META)
def test_in_production_nobody_is_verified_without_a_token(production_url: str, name: str) -> None:
    """A token that was forgotten must not let everybody in."""
    for query in (ASKED, {**ASKED, "hub.verify_token": ""}):
        answer = httpx.get(production_url + alone(name).webhook_path, params=query, trust_env=False)
        assert 403 == answer.status_code
        assert "_VERIFY_TOKEN" in answer.json()["detail"]


@pytest.mark.parametrize("name", names())
def test_in_production_a_hook_without_a_secret_is_shut(production_url: str, name: str) -> None:
    """Whatever is posted, with whatever proof: 403, and the missing setting is named."""
    _, hook = written(name)
    with httpx.Client(base_url=production_url, trust_env=False) as client:
        for fields in (hook, hook.model_copy(update={"headers": {}, "query": {}})):
            answer = Knock(client)(fields)
            assert 403 == answer.status_code
            assert "_WEBHOOK_SECRET" in answer.json()["detail"]
