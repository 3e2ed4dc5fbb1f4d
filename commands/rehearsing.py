"""Goes through the rest of a conversation again with other words, another model or other goods, and changes nothing.

The database itself refuses to be written to: every connection that is used here is read-only, but for a catalogue that
lies in temporary tables of one connection and goes with it.
"""

import re
import shutil
import tempfile
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
from psycopg.conninfo import make_conninfo
from temporalio.client import Client

from activities.inquiry import Sources
from activities.past import PastTurn, turns_in, turns_of
from activities.rehearsal import Album, QuietModel, Rehearsal, ToldBefore, tied
from commands.catalog import opened_file
from commands.found import key_settings
from commands.outcome import Failed, WrongUse
from domain.dialogue import SaidBefore
from domain.failures import OurFault, Rejected
from domain.identifiers import Address
from domain.what_if import TurnAgain, WhatIf, Wish
from flows.base import Flow
from flows.registry import FLOWS
from flows.registry import flow as find_flow
from flows.wording import PROMPTS, WordingBroken
from platforms import registry
from platforms.http import build_client
from providers.imports.problems import WrongRows
from providers.media.opening import open_media_store
from providers.model.opening import open_model
from providers.records.catalog import Catalog
from providers.records.catalog_shelf import put
from providers.records.directory import Directory
from providers.records.media import MediaRecords
from providers.records.migrate import pending_migrations
from providers.records.past import PastLines, Said, past_lines
from providers.records.pool import Pool, borrowed, open_pool
from providers.records.shelves import Kind, Shelf
from providers.records.tenants import Tenants
from providers.search.opening import open_embedder
from providers.secrets import secret_box
from runtime.accounts import Account, StatedAccounts
from runtime.media_settings import load_media_settings
from runtime.search_settings import load_search_settings
from runtime.settings import Settings

READ_ONLY = "-c default_transaction_read_only=on"
ASIDE = ("catalog", "shelves", "shelf_words")
"""Tables that stand in for ours while another catalogue is tried."""
FROM_BOOKS = (
    "the histories of these turns are not kept any more: this begins with the first message of the dialog, as the books"
    " have it, without the choices that were tapped"
)
DEGRADED = "no model answered (no key, or it is away): what would have been said comes from rules alone"
_FRONT = re.compile(r"\A---\n.*?^(?:prompt|flow): *([a-z_]{1,60}) *$.*?^---$", re.DOTALL | re.MULTILINE)
Told = Callable[[int, int], None]


async def rehearse(
    settings: Settings, client: Client, home: Path, conversation: Address, wish: Wish, told: Told = lambda _, __: None
) -> WhatIf:
    """Take every turn from `wish.turn` on again; `told` hears how many are done, of how many.

    Raises:
        WrongUse: there is no such turn, prompt or file.
        Failed: nothing is known of this conversation, or the goods cannot be read.
        EverturnError: the database is away.
    """
    async with _opened(settings, home, wish, conversation) as stage:
        turns, notes = await stage.turns(client, wish.turn)
        rehearsal = stage.rehearsal(turns[0])
        turns, left_out = _at_most(turns, wish)
        taken: list[TurnAgain] = []
        for turn, before in zip(turns, [None, *turns], strict=False):
            told(len(taken), len(turns))
            if before is not None and _ended_by_silence(before, turn):
                rehearsal.start_over()
            if turn.asked.news is None or rehearsal.is_open:
                taken.append(await rehearsal.take(turn, stage.platform))
    if any(one.would_be.problem for one in taken):
        notes = [*notes, DEGRADED] if stage.model.degraded else notes
    if left_out:
        notes = [*notes, f"{left_out} later turns were not taken again"]
    return WhatIf(
        conversation=conversation.conversation_id,
        changes=_changes(wish, stage.prompt, settings.anthropic_model),
        turns=tuple(one for one in taken if one.turn >= wish.turn),
        notes=tuple(notes),
        cost=stage.model.cost,
    )


def _at_most(turns: list[PastTurn], wish: Wish) -> tuple[list[PastTurn], int]:
    wanted = [one for one in turns if one.asked.turn >= wish.turn]
    if not wish.most or len(wanted) <= wish.most:
        return turns, 0
    last = wanted[wish.most - 1].asked.turn
    return [one for one in turns if one.asked.turn <= last], len(wanted) - wish.most


class _Stage:
    """Everything a rehearsal needs, opened for reading."""

    def __init__(
        self, pool: Pool, sources: Sources, model: QuietModel, album: Album, account: Account, lines: PastLines,
        prompt: str, flow: Callable[[str], Flow[Any]], address: Address, platform: Any,
    ) -> None:  # fmt: skip
        self._pool, self._sources, self._album = pool, sources, album
        self._account, self._lines, self._flow, self._address = account, lines, flow, address
        self.model, self.prompt, self.platform = model, prompt, platform

    async def turns(self, client: Client, first: int) -> tuple[list[PastTurn], list[str]]:
        """The turns to take, and what to say about how they were found."""
        kept = await turns_of(client, self._address.conversation_id, first)
        life = self._lines.latest_life()
        last = max([0, *(one.asked.turn for one in kept), *(line.turn for line in life)])
        if not last:
            raise Failed(f"nothing is known of {self._address.conversation_id}: it has no turns")
        if not 1 <= first <= last:
            raise WrongUse(f"--turn {first}: the conversation has turns 1 to {last}")
        if kept and kept[0].asked.turn <= first:
            if not (rest := [one for one in kept if one.asked.turn >= first]):
                raise Failed(f"from turn {first} on the assistant took none: an operator held the conversation")
            return rest, []
        flow = kept[0].asked.flow if kept else self._account.flow
        return self._from_books(life, flow, first), [FROM_BOOKS]

    def _from_books(self, life: list[Said], flow: str, first: int) -> list[PastTurn]:
        """From the first message of the dialog in which that turn was taken."""
        turns = turns_in(life, self._address, flow)
        reached = next((one for one in turns if one.asked.turn >= first), None)
        if reached is None:
            raise Failed(f"what was said from turn {first} on is not kept any more")
        ended = max((end for end in self._lines.ends if end < reached.at), default=None)
        return [one for one in turns if ended is None or one.at > ended or one.asked.turn >= first]

    def rehearsal(self, first: PastTurn) -> Rehearsal:
        """A rehearsal that stands where the first turn began."""
        ids = {one for message in first.asked.messages for one in (message.id, f"{message.id}/{first.asked.turn}")}
        began = next((line.id for line in self._lines.lines if line.inbound and line.message_id in ids), None)
        before = [line for line in self._lines.lines if line.text and line.success and _is_before(line, began, first)]
        past = ToldBefore([_said(line) for line in before])
        sources = tied(self._sources, self._pool, past, self._album)
        rehearsal = Rehearsal(sources, self.model, past, self._album, self._account, self._flow(first.asked.flow))
        rehearsal.begin_at(first)
        return rehearsal


def _is_before(line: Said, began: int | None, first: PastTurn) -> bool:
    return line.at < first.at if began is None else line.id < began


def _said(line: Said) -> SaidBefore:
    return SaidBefore(
        by="customer" if line.inbound else "operator" if line.by_operator else "assistant", text=line.text
    )


def _ended_by_silence(before: PastTurn, turn: PastTurn) -> bool:
    """A dialog that no decision had ended, and that was over all the same when the next turn began."""
    went_on = before.decision is not None and before.decision.state is not None
    return went_on and turn.asked.state is None and turn.asked.dialog > before.asked.dialog


# --- opening ---------------------------------------------------------------------------------------------------------


@asynccontextmanager
async def _opened(settings: Settings, home: Path, wish: Wish, address: Address) -> AsyncIterator[_Stage]:
    if not settings.database_url:
        raise WrongUse("DATABASE_URL: is not set, and no `everturn up` is running in this home")
    try:
        pending = await pending_migrations(settings.database_url)
    except psycopg.Error as error:
        raise Failed(f"PostgreSQL: {' '.join(str(error).split())}") from None
    if pending:
        raise Failed("the database is not up to date: run `everturn migrate`")
    async with AsyncExitStack() as stack:
        flow, prompt = _flows_with(wish.prompt, stack)
        http = await stack.enter_async_context(build_client())
        pool = open_pool(make_conninfo(settings.database_url, options=READ_ONLY), size=2, name="everturn-what-if")
        await pool.open(wait=False)
        stack.push_async_callback(pool.close, 2)
        account = await _account(settings, home, pool, address)
        chosen = settings.model_copy(update={"anthropic_model": wish.model}) if wish.model else settings
        opened = open_model(chosen, pool)
        stack.push_async_callback(opened.close)
        model = QuietModel.of(opened)
        album = Album(open_media_store(load_media_settings(), home), MediaRecords(pool))
        sources = Sources.of(model, pool, album, open_embedder(http, load_search_settings()))
        if wish.catalogue:
            sources = replace(sources, catalog=await _catalogue(settings, Path(wish.catalogue), account, stack))
        lines = await past_lines(pool, address.conversation_id)
        platform = registry.platforms(http)[address.platform]
        yield _Stage(pool, sources, model, album, account, lines, prompt, flow, address, platform)


async def _account(settings: Settings, home: Path, pool: Pool, address: Address) -> Account:
    stated = StatedAccounts.of_settings(settings, registry.variables(), FLOWS)
    accounts = Directory(Tenants(pool, secret_box(key_settings(settings, home))), stated)
    found = await accounts.find(address.platform, address.account)
    try:
        return found or await accounts.default(address.platform)
    except KeyError:
        raise WrongUse(f"there is no platform {address.platform!r}: {', '.join(registry.names())}") from None


def prompt_name(text: str) -> str:
    """Which prompt a file is, by its own word.

    Raises:
        WrongUse: it does not say, or there is none of that name.
    """
    found = _FRONT.match(text.replace("\r\n", "\n"))
    known = sorted(path.stem for path in PROMPTS.glob("*.md"))
    if found is None:
        raise WrongUse("the prompt must begin with front matter that names it, between two lines of ---: prompt: NAME")
    if found[1] not in known:
        raise WrongUse(f"there is no prompt {found[1]!r}; there are: {', '.join(known)}")
    return found[1]


def _flows_with(text: str, stack: AsyncExitStack) -> tuple[Callable[[str], Flow[Any]], str]:
    """Flows that say what this prompt says, in the place of the one it is called after."""
    if not text:
        return find_flow, ""
    name = prompt_name(text)
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="everturn-what-if-")))
    shutil.copytree(PROMPTS, folder, dirs_exist_ok=True)
    (folder / f"{name}.md").write_text(text.replace("\r\n", "\n"), "utf-8")

    def with_it(flow: str) -> Flow[Any]:
        kind: Any = type(find_flow(flow))
        try:
            changed: Flow[Any] = kind(folder)
        except WordingBroken as error:
            raise WrongUse(str(error)) from None
        return changed

    return with_it, name


async def _catalogue(settings: Settings, file: Path, account: Account, stack: AsyncExitStack) -> Catalog:
    """A catalogue of this file's goods, in temporary tables of one connection."""
    goods = opened_file(file, account.options.get("currency", "") or "UAH", skip_wrong=False)
    pool = open_pool(settings.database_url, size=1, name="everturn-what-if-goods")
    await pool.open(wait=False)
    stack.push_async_callback(pool.close, 2)
    async with borrowed(pool) as connection:
        for table in ASIDE:
            await connection.execute(f"CREATE TEMPORARY TABLE {table} (LIKE public.{table} INCLUDING ALL)".encode())
    shelf = Shelf(kind=Kind.CATALOG, platform=account.platform, account=account.account)
    try:
        await put(pool, shelf, goods.items(), replace=True)
    except (WrongRows, Rejected, OurFault, psycopg.DataError) as error:
        raise Failed(f"--catalog {file.name}: {' '.join(str(error).split())[:300]}") from None
    async with borrowed(pool) as connection:
        await connection.execute(b"SET default_transaction_read_only = on")
    return Catalog(pool)


def _changes(wish: Wish, prompt: str, model: str) -> tuple[str, ...]:
    said: Sequence[str] = (
        f"prompt {prompt}" if prompt else "",
        f"model {wish.model} instead of {model}" if wish.model else "",
        f"catalogue {Path(wish.catalogue).name}" if wish.catalogue else "",
    )
    return tuple(filter(None, said)) or ("nothing: the same again",)
