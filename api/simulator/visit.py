"""What the simulator's page does on a customer's or an operator's behalf: real webhooks, posted to our own door."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

from api.house import House
from api.problems import Problem
from api.simulator.models import Editing, Message, Operating, Passing, Phone, Saying, Unsending
from api.simulator.posting import Posting
from api.simulator.postman import Postman
from domain.identifiers import Address
from domain.messages import Media, MessageKind
from platforms.base import Credentials
from platforms.credentials import credentials_of
from platforms.kit import Kit, Said
from platforms.registry import PLATFORMS
from platforms.simulation import Direction, Entry, Webhook, World
from providers.records.pool import borrowed

KINDS = {"image": MessageKind.IMAGE, "audio": MessageKind.AUDIO, "video": MessageKind.VIDEO}
_AGE = """
UPDATE message_logs SET "timestamp" = "timestamp" - %(by)s WHERE conversation_id = %(conversation_id)s
"""


class Visit:
    """A hand on a simulated phone."""

    def __init__(self, house: House, world: World) -> None:
        self.house = house
        self.world = world
        self.posting = Posting()
        self.postman = Postman(house, world, self.posting)

    async def say(self, saying: Saying) -> list[int]:
        """Show the messages on the phone and post their webhooks; returns how each was answered.

        Raises:
            Problem: 404 no such platform or medium; 503 our own door does not answer.
        """
        kit, credentials = await self.of(saying.platform)
        hooks = [self._type(kit, saying, message, credentials) for message in saying.messages]
        hooks = hooks[::-1] if saying.backwards else hooks
        hooks = [hook for hook in hooks for _ in range(2 if saying.twice else 1)]
        return [await self.posting.post(hook) for hook in hooks]

    def _type(self, kit: Kit, phone: Phone, message: Message, credentials: Credentials) -> Webhook:
        now, own_id = datetime.now(UTC), _new_id()
        media = self._media(message.media, credentials)
        said = Said(
            contact=phone.contact, text=message.text, media=media, message_id=own_id,
            channel=phone.network, choice=message.choice, at=now,
        )  # fmt: skip
        hook = kit.inbound(said, credentials)
        self.world.show(_bubble(phone, said, own_id, Direction.IN))
        return hook

    def _media(self, own_id: str, credentials: Credentials) -> tuple[Media, ...]:
        """A medium as a platform refers to it: at the simulated platform's own address."""
        if not own_id:
            return ()
        found = self.world.media(own_id)
        if found is None:
            raise Problem(404, f"no medium {own_id} was uploaded here")
        mime = found[0]
        is_played = "/simulator/" in credentials.api_base_url
        root = credentials.api_base_url.rstrip("/") if is_played else f"{self.posting.url}/simulator"
        kind = KINDS.get(mime.partition("/")[0], MessageKind.DOCUMENT)
        return (Media(url=f"{root}/_media/{own_id}", id=own_id, mime=mime, kind=kind),)

    async def operate(self, operating: Operating) -> int:
        """An operator types in the platform's own app.

        Raises:
            Problem: 404, 503 as `say`; 409 the platform does not tell us of it.
        """
        kit, credentials = await self.of(operating.platform)
        if kit.echo is None:
            raise Problem(409, f"{kit.name} does not tell what operators type in its own app")
        own_id = _new_id()
        said = Said(
            contact=operating.contact, text=operating.text, message_id=own_id,
            channel=operating.network, at=datetime.now(UTC),
        )  # fmt: skip
        hook = kit.echo(said, credentials)
        self.world.show(_bubble(operating, said, own_id, Direction.OUT))
        return await self.posting.post(hook)

    async def unsend(self, unsending: Unsending) -> int:
        """A customer takes a message back: it goes from the phone, and we are told.

        Raises:
            Problem: 404 no such message; 409 the platform knows no such thing; 503 as `say`.
        """
        entry, kit, credentials = await self._own(unsending.entry)
        if kit.unsent is None:
            raise Problem(409, f"{kit.name} does not tell when a customer takes a message back")
        hook = kit.unsent(entry.contact, entry.external_id, datetime.now(UTC), credentials)
        self.world.amend(entry.id, text="", media=(), state="unsent")
        return await self.posting.post(hook)

    async def edit(self, editing: Editing) -> int:
        """A customer writes a message anew.

        Raises:
            Problem: as `unsend`.
        """
        entry, kit, credentials = await self._own(editing.entry)
        if kit.edited is None:
            raise Problem(409, f"{kit.name} does not tell when a customer edits a message")
        said = Said(
            contact=entry.contact, text=editing.text, message_id=entry.external_id,
            channel=entry.network, at=datetime.now(UTC),
        )  # fmt: skip
        self.world.amend(entry.id, text=editing.text, state="edited")
        return await self.posting.post(kit.edited(said, credentials))

    async def let_pass(self, passing: Passing) -> int:
        """Make everything said so far older, on the phone and in our books; returns how many notes that were.

        Raises:
            Problem: 404 no such platform.
            Unavailable: the books cannot be reached.
        """
        by = timedelta(hours=passing.hours)
        values = {"by": by, "conversation_id": (await self.address(passing)).conversation_id}
        async with borrowed(self.house.pool) as connection:
            notes = (await connection.execute(_AGE, values)).rowcount
        self.world.age(passing.platform, passing.contact, by)
        return notes

    async def address(self, phone: Phone) -> Address:
        """Where this customer is reached, by the name that everything of ours knows them by."""
        _, credentials = await self.of(phone.platform)
        address = Address(platform=phone.platform, account=credentials.account, contact=phone.contact)
        return await self.house.names.masked(address)

    async def of(self, platform: str) -> tuple[Kit, Credentials]:
        """A platform and its default account.

        Raises:
            Problem: 404 there is none.
        """
        if platform not in self.house.platforms:
            raise Problem(404, f"no platform {platform!r} is simulated")
        return PLATFORMS[platform], credentials_of(await self.house.accounts.default(platform))

    async def _own(self, number: int) -> tuple[Entry, Kit, Credentials]:
        """A bubble of a customer's, whole."""
        entry = self.world.find(number)
        if entry is None or entry.direction is not Direction.IN or entry.state == "unsent" or not entry.external_id:
            raise Problem(404, "there is no such message of a customer's")
        kit, credentials = await self.of(entry.platform)
        return entry, kit, credentials

    async def close(self) -> None:
        """Let go of the connections."""
        await self.postman.close()
        await self.posting.close()


def _bubble(phone: Phone, said: Said, own_id: str, direction: Direction) -> Entry:
    return Entry(
        platform=phone.platform, contact=phone.contact, at=said.at, direction=direction, text=said.text,
        media=said.media, external_id=own_id, network=phone.network, by_operator=direction is Direction.OUT,
    )  # fmt: skip


def _new_id() -> str:
    return str(uuid4().int % 10**15)
