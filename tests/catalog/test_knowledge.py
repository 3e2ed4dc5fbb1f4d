"""What customers ask, and what the shop's documents answer."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence

import httpx
import pytest
from fastapi import FastAPI, Request, Response

from domain.failures import OurFault, RateLimited, TokenRejected, Transient, Unavailable
from domain.knowledge import FindPassages
from platforms.http import build_client
from providers.records.knowledge import FIND_BY_TERMS, WEIGHTS, Knowledge
from providers.records.knowledge_shelf import Chunk, Document, Imported, documents, put, remove
from providers.records.pool import Pool
from providers.records.shelves import Kind, Shelf
from providers.search.embedding import OpenAIEmbedder
from tests.api.running import serving_app
from tests.catalog.conftest import PAPERS

QUESTIONS = [
    ("Скільки коштує доставка?", "delivery.md", "Скільки коштує доставка"),
    ("сколько стоит доставка новой почтой", "delivery.md", "Скільки коштує доставка"),
    ("доставляєте за кордон?", "delivery.md", ""), ("коли приїде посилка", "delivery.md", "Коли приїде"),
    ("скільки зберігається у відділенні", "delivery.md", "Скільки чекає посилка"),
    ("самовывоз есть?", "delivery.md", "Самовивіз"), ("можна забрати самому, самовивіз", "delivery.md", "Самовивіз"),
    ("як оплатити?", "payment.md", ""), ("накладений платіж", "payment.md", "Як можна заплатити"),
    ("наложенный платёж возможен?", "payment.md", "Як можна заплатити"),
    ("оплата частинами монобанк", "payment.md", "Оплата частинами"), ("рассрочка", "payment.md", "Оплата частинами"),
    ("куди надсилати квитанцію", "payment.md", "Підтвердження оплати"),
    ("як повернути річ", "returns.md", ""), ("возврат товара сколько дней", "returns.md", ""),
    ("обмен размера", "returns.md", ""), ("знайшла дефект на сукні", "returns.md", "Брак"),
    ("прийшло з браком", "returns.md", "Брак"), ("чи можна повернути білизну", "returns.md", "Що не повертається"),
    ("таблиця розмірів", "sizes.md", ""), ("какие замеры у М женское", "sizes.md", "Жіночий одяг"),
    ("розміри чоловічі xxl", "sizes.md", "Чоловічий одяг"), ("джинси 27 обхват талії", "sizes.md", "Джинси"),
    ("де ви знаходитесь, адреса магазину", "about.md", ""), ("график работы", "about.md", ""),
    ("ви працюєте у вихідні?", "about.md", ""), ("записатися на примірку", "about.md", "Примірка"),
    ("подарунковий сертифікат", "faq.md", "Чи є подарункові сертифікати?"),
    ("подарочный сертификат", "faq.md", "Чи є подарункові сертифікати?"), ("есть скидки?", "faq.md", "Чи є знижки?"),
    ("промокод", "faq.md", "Чи є знижки?"), ("как стирать шерсть", "faq.md", "Як доглядати за річчю?"),
    ("чи сяде після прання", "faq.md", "Чи сяде річ після прання?"),
    ("упакуєте подарунок?", "faq.md", "Чи можна упакувати як подарунок?"),
    ("пошиєте на замовлення?", "faq.md", "Чи шиєте на замовлення?"), ("достаква", "delivery.md", ""),
]  # fmt: skip


@pytest.mark.parametrize(("question", "document", "section"), QUESTIONS)
async def test_a_question_finds_its_answer(shop: Pool, question: str, document: str, section: str) -> None:
    """The passage that answers is among the first three, in the words of either language."""
    found = await Knowledge(shop).find("telegram", "main", FindPassages(text=question, most=3))
    assert document in [passage.document for passage in found]
    assert not section or section in [passage.section for passage in found]
    assert all(0 < passage.rank <= 1 for passage in found)


async def test_what_the_documents_do_not_know_fits_badly(shop: Pool) -> None:
    """Whoever answers can see that this is no answer, and says so."""
    knowledge = Knowledge(shop)
    assert () == await knowledge.find("telegram", "main", FindPassages(text="Бурундуки літають?"))
    assert () == await knowledge.find("telegram", "main", FindPassages(text="???"))
    (poor, *_) = await knowledge.find("telegram", "main", FindPassages(text="чи продаєте ви собачий корм із доставкою"))
    (good, *_) = await knowledge.find("telegram", "main", FindPassages(text="вартість доставки"))
    assert poor.rank < 0.5 < good.rank


def paper(name: str, *texts: str, title: str = "Папір", mark: str = "") -> Document:
    """A document of some chunks."""
    chunks = tuple(Chunk(section=f"Розділ {number}", text=text) for number, text in enumerate(texts))
    return Document(name=name, title=title, chunks=chunks, fingerprint=f"{texts}{mark}", bytes=10)


async def ask(pool: Pool, text: str, account: str = "main") -> list[tuple[str, str]]:
    """Names and texts of what is found."""
    found = await Knowledge(pool).find("telegram", account, FindPassages(text=text))
    return [(passage.document, passage.text) for passage in found]


async def test_a_document_is_replaced_as_a_whole_and_only_when_it_changed(pool: Pool) -> None:
    """Yesterday's price is never said beside today's."""
    one, two = paper("a.md", "Доставка 70 грн", "Самовивіз"), paper("b.md", "Оплата карткою")
    assert Imported(added=("a.md", "b.md")) == await put(pool, PAPERS, [one, two])
    assert Imported(unchanged=("a.md", "b.md")) == await put(pool, PAPERS, [one, two])
    newer = paper("a.md", "Доставка 90 грн")
    assert Imported(changed=("a.md",)) == await put(pool, PAPERS, [newer])
    assert [("a.md", "Доставка 90 грн")] == await ask(pool, "доставка")
    assert [] == await ask(pool, "самовивіз")
    assert Imported(unchanged=("a.md",), removed=("b.md",)) == await put(pool, PAPERS, [newer], prune=True)
    assert [("a.md", 1)] == [(stored.name, stored.chunks) for stored in await documents(pool, PAPERS)]
    assert 1 == await remove(pool, PAPERS, ["a.md", "never was"])
    assert [] == await documents(pool)


async def test_an_account_reads_its_own_documents(pool: Pool) -> None:
    """The narrowest shelf holds, as with goods."""
    hers = Shelf(kind=Kind.KNOWLEDGE, platform="telegram", account="hers")
    await put(pool, PAPERS, [paper("a.md", "Доставка всім")])
    await put(pool, hers, [paper("a.md", "Доставка її")])
    assert [("a.md", "Доставка її")] == await ask(pool, "доставка", "hers")
    assert [("a.md", "Доставка всім")] == await ask(pool, "доставка", "his")


async def test_two_imports_at_once_leave_every_document_whole(pool: Pool) -> None:
    """Whoever is last wins, chunk by chunk of one version."""
    versions = [[paper(f"{n}.md", *[f"доставка {mark}"] * 5, mark=mark) for n in range(5)] for mark in ("раз", "два")]
    await asyncio.gather(*(put(pool, PAPERS, version) for version in versions for _ in range(2)))
    async with pool.connection() as connection:
        found = await connection.execute(
            "SELECT count(DISTINCT text) AS n, count(*) AS m FROM knowledge_chunks GROUP BY document"
        )
        assert [{"n": 1, "m": 5}] * 5 == await found.fetchall()


async def test_documents_are_searched_by_their_index(pool: Pool) -> None:
    """A shop with thousands of pages answers as quickly."""
    letters = "бвгдзклмнп"
    pages = [paper(f"{n}.md", *(f"доставка {''.join(letters[int(d)] for d in f'{n:03}{m}')}ок" for m in range(8)))
             for n in range(400)]  # fmt: skip
    await put(pool, PAPERS, pages)
    assert ["123.md"] == [name for name, _ in await ask(pool, "вгдзок")]
    values = PAPERS.names | {"wanted": "'вгдзк'", "weights": WEIGHTS, "queries": ["'вгдзк'"], "says": [1.0]}
    async with pool.connection() as connection:
        await connection.execute("ANALYZE knowledge_chunks")
        cursor = await connection.execute(b"EXPLAIN " + FIND_BY_TERMS.encode(), values)
        plan = "\n".join(row["QUERY PLAN"] for row in await cursor.fetchall())
    assert "idx_knowledge_terms" in plan, plan
    assert "Seq Scan on knowledge_chunks" not in plan


class Endpoint:
    """An embedding endpoint: knows that a parcel and a box are near, answers as a test likes."""

    def __init__(self) -> None:
        self.app, self.asked, self.answer = FastAPI(), [], None
        self.app.post("/v1/embeddings")(self._embed)

    asked: list[list[str]]
    answer: Response | None

    async def _embed(self, request: Request) -> Response:
        body = await request.json()
        assert ("Bearer key", "small") == (request.headers["authorization"], body["model"])
        self.asked.append(body["input"])
        if self.answer is not None:
            return self.answer
        rows = [{"index": n, "embedding": self._of(text)} for n, text in enumerate(body["input"])]
        return Response(httpx.Response(200, json={"data": rows[::-1]}).content, media_type="application/json")

    def _of(self, text: str) -> list[float]:
        near = any(word in text.lower() for word in ("бандероль", "пакунок"))
        return [3.0, 0.0] if near else [0.0, 2.0]


@pytest.fixture
def endpoint() -> Endpoint:
    """One that answers."""
    return Endpoint()


@pytest.fixture
def address(endpoint: Endpoint) -> Iterator[str]:
    """Where it listens."""
    with serving_app(endpoint.app) as url:
        yield f"{url}/v1"


@pytest.fixture
async def embedder(address: str) -> AsyncIterator[OpenAIEmbedder]:
    """Who asks it."""
    async with build_client() as client:
        yield OpenAIEmbedder(client, address, "small", "key")


async def test_meaning_finds_what_words_do_not(pool: Pool, embedder: OpenAIEmbedder) -> None:
    """«Де моя бандероль» meets «пакунок», although they share no letter to search by."""
    papers = [paper("a.md", "Ваш пакунок їде три дні"), paper("b.md", "Оплата карткою")]
    assert Imported(added=("a.md", "b.md")) == await put(pool, PAPERS, papers, embedder)
    wish = FindPassages(text="бандероль", most=1)
    assert () == await Knowledge(pool).find("telegram", "m", wish)
    (found,) = await Knowledge(pool, embedder).find("telegram", "m", wish)
    assert ("a.md", 1.0) == (found.document, found.rank)
    both = await Knowledge(pool, embedder).find("telegram", "m", FindPassages(text="бандероль карткою"))
    assert {"a.md", "b.md"} == {passage.document for passage in both}


async def test_another_embedder_reads_everything_anew(pool: Pool, embedder: OpenAIEmbedder, endpoint: Endpoint) -> None:
    """Numbers of different models are never compared."""
    papers = [paper("a.md", "Пакунок")]
    await put(pool, PAPERS, papers)
    assert [] == endpoint.asked
    assert Imported(changed=("a.md",)) == await put(pool, PAPERS, papers, embedder)
    assert Imported(unchanged=("a.md",)) == await put(pool, PAPERS, papers, embedder)
    assert [["Папір\nРозділ 0\nПакунок"]] == endpoint.asked


async def test_an_embedder_in_trouble_leaves_the_words(
    pool: Pool, embedder: OpenAIEmbedder, endpoint: Endpoint
) -> None:
    """The customer is answered; the log says that meaning was away."""
    await put(pool, PAPERS, [paper("a.md", "Доставка")], embedder)
    endpoint.answer = Response(status_code=500)
    found = await Knowledge(pool, embedder).find("telegram", "m", FindPassages(text="доставка"))
    assert ["a.md"] == [passage.document for passage in found]


@pytest.mark.parametrize(
    ("status", "content", "failure"),
    [
        (401, b"", TokenRejected),
        (429, b"", RateLimited),
        (500, b"", Transient),
        (404, b"", OurFault),
        (200, b"{", Transient),
        (200, b'{"data": []}', Transient),
        (200, b'{"data": [{"index": 0, "embedding": [0, 0]}]}', Transient),
        (200, b'{"data": [{"index": 0, "embedding": ["x"]}]}', Transient),
        (200, b"[]", Transient),
        (200, b'{"data": [1]}', Transient),
    ],
)
async def test_every_answer_of_an_endpoint_is_understood(
    embedder: OpenAIEmbedder, endpoint: Endpoint, status: int, content: bytes, failure: type[Exception]
) -> None:
    """Who can mend it is said in the failure's kind."""
    endpoint.answer = Response(content, status)
    with pytest.raises(failure):
        await embedder.embed(["text"])


async def test_an_endpoint_that_is_not_there_is_unavailable() -> None:
    """Nothing was sent, so it may be tried again."""
    async with build_client() as client:
        with pytest.raises(Unavailable):
            await OpenAIEmbedder(client, "http://127.0.0.1:1/v1", "small").embed(["text"])


async def test_many_texts_go_in_several_requests(embedder: OpenAIEmbedder, endpoint: Endpoint) -> None:
    """Endpoints bound how many they take at once; the order stays."""
    texts: Sequence[str] = [f"пакунок {n}" if n % 2 else "x" for n in range(130)]
    vectors = await embedder.embed(texts)
    assert [64, 64, 2] == [len(asked) for asked in endpoint.asked]
    assert [[1.0, 0.0] if n % 2 else [0.0, 1.0] for n in range(130)] == vectors
