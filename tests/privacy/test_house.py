"""A whole house that keeps its customers' secrets: the API, a worker process, Temporal and PostgreSQL."""

import asyncio
import base64
import json
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import httpx
import psycopg
import pytest
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from commands.redaction import content_of, payloads_of
from providers.secrets import new_key
from providers.servers.temporal import find_temporal
from tests.api.namespaces import fresh_namespace
from tests.api.running import serving, serving_app, settings_for
from tests.api.test_with_a_worker import SECRET, Phones, Shop
from tests.servers_here import Servers

EVERTURN = str(Path(sys.executable).parent / "everturn")
TOKEN = {"Authorization": "Bearer operator-secret"}
UI = "http://127.0.0.1:8233"
PHONE = "+996555123456"
SAID = ("2 бутылки, ул. Франка 5, кв. 7, телефон 0555 123 456", "да")
pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]


class Kept(Shop):
    """A shop with encryption and pseudonyms on."""

    def __init__(self, url: str, phones: Phones, environment: dict[str, str], folder: Path) -> None:
        super().__init__(url, phones, environment, folder)
        self.folder, self.environment, self.database = folder, environment, environment["DATABASE_URL"]
        self.temporal, self.namespace = environment["TEMPORAL_ADDRESS"], environment["TEMPORAL_NAMESPACE"]

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        """A command of ours, as an operator runs it."""
        home = str(self.folder / "nothing-runs-here")
        command = (EVERTURN, *command, "--home", home, "--api", self.url)
        clean = {"PATH": "/usr/bin:/bin", "OPERATOR_TOKEN": "operator-secret"}
        return subprocess.run(command, env=clean, cwd=self.folder, capture_output=True, text=True, timeout=60)

    def tables(self) -> str:
        """All that stands in any table, as text."""
        with psycopg.connect(self.database) as connection:
            names = connection.execute(
                "SELECT table_name FROM information_schema.tables"
                " WHERE table_schema = 'public' AND table_type = 'BASE TABLE'"
            ).fetchall()
            rows = [connection.execute(f"SELECT {name}::text FROM {name}".encode()).fetchall() for (name,) in names]
            return "\n".join(str(row[0]) for found in rows for row in found)


@pytest.fixture(scope="module")
def house(servers: Servers, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kept]:
    """It, with its worker."""
    phones, folder = Phones(), tmp_path_factory.mktemp("kept")
    secret = {
        "EVERTURN_ENCRYPT_HISTORIES": "on", "EVERTURN_PSEUDONYMS": "on", "EVERTURN_SECRETS_KEY": new_key(),
        "EVERTURN_HOME": str(folder / "home"), "EVERTURN_LOG_FORMAT": "json",
    }  # fmt: skip
    shared: dict[str, Any] = {
        "temporal_address": servers.temporal_address,
        "temporal_namespace": fresh_namespace(servers, "kept"),
        "database_url": servers.fresh_database(f"kept_{uuid4().hex[:12]}"),
        "manychat_webhook_secret": "many-secret",
        "manychat_flow": "water_order",
        "manychat_quiet_period_seconds": 0,
        "manychat_rate_limit_requests_per_minute": 60_000,
        "temporal_ui_url": UI,
    }
    with pytest.MonkeyPatch.context() as patch:
        for name, value in secret.items():
            patch.setenv(name, value)
        with serving_app(phones.app) as vendor, serving(settings_for(**shared)) as url:
            environment = {name.upper(): str(value) for name, value in shared.items()} | {
                "MANYCHAT_API_URL": vendor, "EVERTURN_API_URL": url, **secret,
            }  # fmt: skip
            kept = Kept(url, phones, environment, folder)
            with kept.working():
                yield kept


@pytest.fixture
async def door(house: Kept) -> AsyncIterator[httpx.AsyncClient]:
    """An operator, who may be a customer too."""
    async with httpx.AsyncClient(base_url=house.url, headers=TOKEN, timeout=30, trust_env=False) as client:
        yield client


async def says(house: Kept, door: httpx.AsyncClient, contact: str, *texts: str) -> str:
    """A customer writes, and waits for each answer; the id their conversation goes by."""
    for text in texts:
        heard = len(house.phones.told.get(contact, []))
        body = {"subscriber_id": contact, "text": text, "message_id": uuid4().hex}
        while 503 == (answer := await door.post("/webhooks/manychat", json=body, headers=SECRET)).status_code:
            await asyncio.sleep(0.1)  # Temporal does not know the namespace everywhere yet
        assert 202 == answer.status_code, answer.text
        await house.until(lambda heard=heard: len(house.phones.told.get(contact, [])) > heard)
    found = await door.get(f"/api/conversations/{quote(f'conv:manychat:default:{contact}', safe='')}")
    assert 200 == found.status_code, found.text
    assert contact == found.json()["contact"], "operators see whom they speak with"
    return str(found.json()["conversation_id"])


async def history(house: Kept, conversation: str) -> dict[str, Any]:
    """What Temporal itself has."""
    client = await Client.connect(house.temporal, namespace=house.namespace)
    fetched = await client.get_workflow_handle(conversation).fetch_history()
    return json.loads(fetched.to_json())  # type: ignore[no-any-return]


async def gone(house: Kept, conversation: str) -> None:
    """Temporal has deleted it, and not only said that it would."""
    async with asyncio.timeout(15):
        while True:
            try:
                await history(house, conversation)
            except RPCError as error:
                assert RPCStatusCode.NOT_FOUND is error.status  # noqa: PT017 — what it waits for
                return
            await asyncio.sleep(0.1)


async def test_what_temporal_and_the_logs_hold_tells_nothing(house: Kept, door: httpx.AsyncClient) -> None:
    """Whoever reads the server's disk or our logs learns neither who wrote nor what; the customer notices nothing."""
    contact = "380671234567"
    conversation = await says(house, door, contact, *SAID)
    held = await history(house, conversation)
    everything = json.dumps(held, ensure_ascii=False) + conversation + (house.folder / "worker.log").read_text()

    assert "принят" in " ".join(house.phones.told[contact])
    assert conversation.startswith("conv:manychat:default:p-")
    assert [] == [word for word in (contact, PHONE, "Франка", *SAID) if word in everything]
    assert {"everturn/1"} == set(_encodings({**held, "events": [_without_labels(one) for one in held["events"]]}))
    assert contact not in house.tables(), "it stands sealed in one place"
    found = (await door.get("/api/orders", params={"contact": contact})).json()["items"]
    assert [(contact, conversation, PHONE)] == [
        (one["contact"], one["conversation_id"], one["client_phone"]) for one in found
    ]


def done(*command: str, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """A program's whole output."""
    return subprocess.run(command, capture_output=True, text=True, timeout=30, env=env)


def _without_labels(event: dict[str, Any]) -> dict[str, Any]:
    """Search attributes are read by the server: they hold a platform, an account, a flow, a phase."""
    return {
        name: {key: one for key, one in value.items() if key != "searchAttributes"}
        if isinstance(value, dict)
        else value
        for name, value in event.items()
    }


def _encodings(value: Any) -> list[str]:
    if isinstance(value, list):
        return [one for item in value for one in _encodings(item)]
    if not isinstance(value, dict):
        return []
    found = value.get("metadata", {}).get("encoding") if isinstance(value.get("metadata"), dict) else None
    own = [base64.b64decode(found).decode()] if found else []
    return own + [one for item in value.values() for one in _encodings(item)]


async def test_operators_find_a_customer_by_their_real_contact(house: Kept, door: httpx.AsyncClient) -> None:
    """By API and console, as on the platform: nobody types pseudonyms."""
    contact = "380670000002"
    conversation = await says(house, door, contact, "хочу воды")
    page = await door.get("/console/login")
    token = page.text.split('name="csrf" value="')[1].split('"')[0]
    await door.post("/console/login", data={"name": "owner", "password": "operator-secret", "csrf": token},
                    headers={"origin": house.url})  # fmt: skip
    listed = await door.get("/console/inbox/rows", params={"q": "+38 067 000-00-02"})
    assert quote(conversation, safe="") in listed.text, listed.text[:2_000]
    opened = await door.get(f"/console/conversations/{quote(conversation, safe='')}")
    assert contact in opened.text
    taken = await door.post(
        f"/api/conversations/{quote(f'conv:manychat:default:{contact}', safe='')}/take-over", json={"operator": "Anna"}
    )
    assert (200, contact, "operator") == (taken.status_code, taken.json()["contact"], taken.json()["holder"])
    assert contact not in house.tables(), "not in the audit log either"


async def test_a_locked_history_is_a_test_for_the_next_build(house: Kept, door: httpx.AsyncClient) -> None:
    """The gate before a deploy reads it, and what is saved of it tells nothing of the customer and is not locked."""
    contact = "380670000008"
    conversation = await says(house, door, contact, *SAID)
    out = house.folder / "saved.json"
    clean = {"PATH": "/usr/bin:/bin", **house.environment}
    gate = await asyncio.to_thread(done, EVERTURN, "replay", "--since", "1d", env=clean)
    saving = await asyncio.to_thread(done, EVERTURN, "history", "save", conversation, "--out", str(out), env=clean)

    assert (0, "") == (gate.returncode, saving.stderr), gate.stderr
    assert "replay on this build" in gate.stdout
    saved = out.read_text("utf-8")
    told = saved + "".join(str(content_of(payload)) for payload in payloads_of(json.loads(saved)))
    assert "everturn/1" not in _encodings(json.loads(saved))
    assert [] == [word for word in (contact, conversation, PHONE, "Франка", SAID[0]) if word in told]


async def test_temporals_own_tools_show_histories_to_who_is_logged_in(house: Kept, door: httpx.AsyncClient) -> None:
    """The command line with the token, the web UI with the console's cookie; nobody else, and no other page."""
    contact = "380670000003"
    conversation = await says(house, door, contact, SAID[0])
    show = (str(find_temporal()), "workflow", "show", "--address", house.temporal, "--namespace", house.namespace,
            "-w", conversation, "--output", "json", "--codec-endpoint", f"{house.url}/codec")  # fmt: skip
    told = await asyncio.to_thread(done, *show, "--codec-auth", TOKEN["Authorization"])
    untold = await asyncio.to_thread(done, *show)
    assert SAID[0] in "".join(map(_said, _payloads(json.loads(told.stdout)))), told.stderr
    assert (True, "") == (untold.returncode != 0, untold.stdout)

    event = (await history(house, conversation))["events"][1]["workflowExecutionSignaledEventAttributes"]
    body = {"payloads": event["input"]["payloads"]}
    async with httpx.AsyncClient(base_url=house.url, timeout=20, trust_env=False) as stranger:
        assert 401 == (await stranger.post("/codec/decode", json=body)).status_code
        page = (await stranger.get("/console/login")).text
        fields = {"name": "owner", "password": "operator-secret", "csrf": page.split('name="csrf" value="')[1][:64]}
        await stranger.post("/console/login", data=fields, headers={"origin": house.url})
        shown = await stranger.post("/codec/decode", json=body, headers={"origin": UI})
        elsewhere = await stranger.post("/codec/decode", json=body, headers={"origin": "https://evil.example"})
        again = (await stranger.post("/codec/encode", json=shown.json())).json()
        asked = await stranger.options("/codec/decode", headers={
            "origin": UI, "access-control-request-method": "POST", "access-control-request-headers": "x-namespace",
        })  # fmt: skip
        nonsense = [await stranger.post("/codec/decode", content=one) for one in (b"", b"[]", b'{"payloads": [1]}')]
    assert (200, UI, "true") == (
        shown.status_code, shown.headers["access-control-allow-origin"],
        shown.headers["access-control-allow-credentials"],
    )  # fmt: skip
    assert (403, 200, UI) == (
        elsewhere.status_code, asked.status_code, asked.headers["access-control-allow-origin"],
    )  # fmt: skip
    assert ["everturn/1"] == _encodings(again)
    assert [400, 400, 400] == [one.status_code for one in nonsense]


async def test_who_asks_is_told_everything_and_who_wants_is_forgotten(house: Kept, door: httpx.AsyncClient) -> None:
    """Export, erase with a receipt, and a fresh start for whoever writes again; their neighbour stays as they are."""
    contact, neighbour = "380670000004", "3806700000045"
    phone = "+996555777888"
    conversation = await says(house, door, contact, SAID[0].replace("123 456", "777 888"), SAID[1])
    other = await says(house, door, neighbour, SAID[0])
    before = await history(house, conversation)

    exported = house.run("export", contact)
    document = json.loads(exported.stdout)
    assert (contact, [conversation.rsplit(":", 1)[1]]) == (document["contact"], document["known_as"])
    assert {"orders", "message_logs", "outbox", "conversations"} <= document["rows"].keys()
    assert "ул. Франка 5, кв. 7" in json.dumps(document["histories"], ensure_ascii=False)

    assert 2 == house.run("erase", contact).returncode, "nobody can be asked: it says --yes"
    erased = house.run("erase", contact, "--yes")
    assert (0, "") == (erased.returncode, erased.stderr)
    assert [] == [word for word in (contact, conversation) if word in erased.stdout]
    assert "1 histories" in erased.stdout
    await gone(house, conversation)

    left = house.tables()
    assert [] == [word for word in (conversation.rsplit(":", 1)[1], contact + '"', phone) if word in left]
    assert other in left
    shown = await door.post("/codec/decode", json={"payloads": _payloads(before)})
    assert {"erased"} == {_said(one).strip("[").split(":")[0] for one in shown.json()["payloads"]}
    assert [404, 404] == [
        (await door.request(method, f"/api/contacts/manychat/default/{contact}{more}")).status_code
        for method, more in (("GET", "/export"), ("DELETE", ""))
    ]

    assert conversation == await says(house, door, contact, "снова я"), "the same pseudonym, another key"
    again = await door.get(f"/api/conversations/{quote(conversation, safe='')}")
    assert (1, "", contact) == (again.json()["turn"], again.json()["order_id"], again.json()["contact"])
    assert 200 == (await door.get(f"/api/conversations/{quote(other, safe='')}")).status_code


def _payloads(held: dict[str, Any]) -> list[Any]:
    return [
        payload
        for event in held["events"]
        if "workflowExecutionSignaledEventAttributes" in event
        for payload in event["workflowExecutionSignaledEventAttributes"]["input"]["payloads"]
    ]


def _said(payload: dict[str, Any]) -> str:
    return str(json.loads(base64.b64decode(payload["data"])))
