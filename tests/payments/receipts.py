"""Bank screenshots, drawn on the spot: genuine ones of four banks, and what people do to them."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from io import BytesIO
from random import Random
from typing import NamedTuple

from PIL import Image, ImageDraw, ImageEnhance, ImageFilter, ImageFont

from providers.media.pictures import normalise

SIZE = (1080, 2340)
Colour = tuple[int, int, int]
BLACK, WHITE, GREY = (0, 0, 0), (255, 255, 255), (150, 150, 155)


class Bank(NamedTuple):
    """How a bank's app draws a payment that went through."""

    name: str
    paper: Colour
    ink: Colour
    head: Colour
    top: int
    """Where the coloured head ends."""
    amount_at: int
    step: int
    """Between two lines."""


BANKS = (
    Bank("mono", (18, 18, 20), (240, 240, 240), (30, 30, 34), 420, 620, 150),
    Bank("privat", WHITE, (30, 30, 30), (120, 183, 46), 520, 340, 170),
    Bank("oschad", (245, 246, 248), (20, 40, 60), (0, 90, 60), 300, 460, 140),
    Bank("sense", WHITE, BLACK, (238, 50, 70), 760, 560, 130),
)


@dataclass(frozen=True)
class Transfer:
    """What a receipt tells."""

    bank: Bank
    amount: str
    on: str
    at: str
    reference: str
    sender: str
    payee: str = "FOP Koval Mariia Ivanivna"
    clock: str = "14:20"
    battery: int = 60


def transfer(random: Random, bank: Bank, amount: str = "") -> Transfer:
    """Somebody's payment to the shop."""
    return Transfer(
        bank=bank,
        amount=amount or f"{random.randint(200, 4999)},{random.choice(['00', '00', '00', '50'])}",
        on=f"{random.randint(1, 28):02}.{random.randint(1, 12):02}.2026",
        at=f"{random.randint(8, 22):02}:{random.randint(0, 59):02}",
        reference="".join(random.choices("0123456789ABCDEF", k=16)),
        sender=random.choice(["Olena Sh.", "Andrii K.", "Svitlana Boiko", "Ihor M.", "Nataliia Petrenko"]),
        clock=f"{random.randint(8, 22):02}:{random.randint(0, 59):02}",
        battery=random.randint(5, 100),
    )


def font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """Pillow's own, which knows Latin letters and digits."""
    return ImageFont.load_default(size)


def drawn(told: Transfer) -> Image.Image:
    """The screenshot."""
    bank = told.bank
    image = Image.new("RGB", SIZE, bank.paper)
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, 0, SIZE[0], bank.top), bank.head)
    _status_bar(draw, told.clock, told.battery)
    draw.text((60, 150), bank.name.upper(), WHITE, font(64))
    draw.ellipse((SIZE[0] - 260, 130, SIZE[0] - 120, 270), bank.paper, WHITE, 6)
    draw.text((SIZE[0] // 2, bank.amount_at), f"{told.amount} UAH", _ink(bank), font(110), anchor="mm")
    lines = [
        ("Paid", f"{told.on} {told.at}"), ("Payee", told.payee), ("From", told.sender), ("Reference", told.reference),
        ("Purpose", "for goods"), ("Fee", "0,00 UAH"), ("Status", "done"),
    ]  # fmt: skip
    for number, (name, value) in enumerate(lines):
        y = max(bank.top, bank.amount_at) + 160 + number * bank.step
        draw.text((60, y), name, GREY, font(40))
        draw.text((60, y + 50), value, bank.ink, font(48))
        draw.line((60, y + 118, SIZE[0] - 60, y + 118), GREY, 1)
    draw.rounded_rectangle((60, SIZE[1] - 260, SIZE[0] - 60, SIZE[1] - 120), 40, bank.head)
    draw.text((SIZE[0] // 2, SIZE[1] - 190), "Share", WHITE, font(56), anchor="mm")
    return image


def _ink(bank: Bank) -> Colour:
    return WHITE if bank.amount_at < bank.top else bank.ink


def _status_bar(draw: ImageDraw.ImageDraw, clock: str, battery: int) -> None:
    draw.text((50, 30), clock, WHITE, font(44))
    draw.rectangle((SIZE[0] - 130, 36, SIZE[0] - 50, 76), None, WHITE, 4)
    draw.rectangle((SIZE[0] - 126, 40, SIZE[0] - 126 + battery * 72 // 100, 72), WHITE)


def jpeg(image: Image.Image, quality: int = 90) -> bytes:
    """As it is sent."""
    output = BytesIO()
    image.convert("RGB").save(output, "JPEG", quality=quality)
    return output.getvalue()


def kept(image: Image.Image) -> bytes:
    """As the gallery keeps it; of a phone with half the pixels, which is quicker drawn and looks the same."""
    return normalise(jpeg(image.reduce(2) if image.width > 800 else image)).content


def _pressed(image: Image.Image) -> Image.Image:
    return Image.open(BytesIO(jpeg(image, 30)))


def _smaller(image: Image.Image) -> Image.Image:
    return image.resize((image.width // 3, image.height // 3), Image.Resampling.BILINEAR)


def shown_again(image: Image.Image) -> Image.Image:
    """A screenshot of a screenshot: shown in a gallery, between black bars, below another clock."""
    screen = Image.new("RGB", (1080, 2400), BLACK)
    shrunk = image.resize((900, 900 * image.height // image.width), Image.Resampling.LANCZOS)
    screen.paste(shrunk, (90, (2400 - shrunk.height) // 2))
    _status_bar(ImageDraw.Draw(screen), "23:59", 15)
    return screen


COPIES: dict[str, Callable[[Image.Image], Image.Image]] = {
    "sent on": lambda image: image,
    "pressed": _pressed,
    "smaller": _smaller,
    "darker": lambda image: ImageEnhance.Brightness(image).enhance(0.75),
    "brighter": lambda image: ImageEnhance.Brightness(image).enhance(1.2),
    "paler": lambda image: ImageEnhance.Contrast(image).enhance(0.75),
    "blurred": lambda image: image.filter(ImageFilter.GaussianBlur(2)),
    "grey": lambda image: image.convert("L").convert("RGB"),
    "shown again": shown_again,
    "shown again, pressed": lambda image: _pressed(shown_again(image)),
}
"""The very same receipt once more."""

EDITS: dict[str, Callable[[Transfer], Transfer]] = {
    "another amount": lambda told: replace(told, amount="1499,00" if told.amount != "1499,00" else "2750,00"),
    "another date": lambda told: replace(told, on="27.11.2026", at="09:41"),
    "another reference": lambda told: replace(told, reference="F00DBABE12345678"),
    "amount and date": lambda told: replace(told, amount="1499,00", on="27.11.2026", at="09:41"),
}
"""Somebody's receipt, retouched."""
