"""Pictures and a voice note to send where there is no camera and no microphone at hand; drawn and sung by us."""

import io
import math
import wave
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

from PIL import Image, ImageDraw, ImageFont

SIZE = (480, 600)
RATE = 16_000
"""Samples of sound a second."""
MELODY = ((220.0, 0.28), (262.0, 0.22), (247.0, 0.3), (196.0, 0.24), (220.0, 0.42))
"""Pitch and length of what hums like a short sentence."""


@dataclass(frozen=True)
class Sample:
    """One of ours."""

    title: str
    is_voice: bool = False


SAMPLES = {
    "dress": Sample("A red dress"),
    "bottle": Sample("A water bottle"),
    "receipt": Sample("A receipt"),
    "voice": Sample("A hummed voice note", is_voice=True),
}


@cache
def content(name: str) -> tuple[str, bytes]:
    """Its type and its bytes."""
    if SAMPLES[name].is_voice:
        return "audio/wav", _voice()
    picture = Image.new("RGB", SIZE, BACKDROPS[name])
    PAINTERS[name](ImageDraw.Draw(picture))
    written = io.BytesIO()
    picture.save(written, "PNG", optimize=True)
    return "image/png", written.getvalue()


def _dress(draw: ImageDraw.ImageDraw) -> None:
    draw.arc((210, 40, 270, 110), 180, 360, "#7a6a5a", 6)
    draw.line((240, 75, 150, 120), "#7a6a5a", 6)
    draw.line((240, 75, 330, 120), "#7a6a5a", 6)
    draw.polygon([(170, 112), (205, 128), (240, 165), (275, 128), (310, 112), (300, 260), (180, 260)], "#b3202c")
    draw.polygon([(180, 268), (300, 268), (400, 545), (80, 545)], "#c92a38")
    draw.rectangle((178, 256, 302, 274), "#5c0f17")
    for left, low in ((225, 130), (255, 345)):
        draw.line((left, 280, low, 540), "#9e1a26", 4)


def _bottle(draw: ImageDraw.ImageDraw) -> None:
    draw.rounded_rectangle((195, 45, 285, 95), 12, "#1f5fae")
    draw.polygon([(205, 95), (275, 95), (340, 190), (140, 190)], "#9cd3f2")
    draw.rounded_rectangle((140, 180, 340, 555), 36, "#9cd3f2")
    draw.rounded_rectangle((140, 235, 340, 555), 36, "#4fa8dc")
    for height in (260, 470):
        draw.line((140, height, 340, height), "#3b8fc4", 5)
    draw.rectangle((140, 300, 340, 430), "#ffffff")
    draw.polygon([(240, 315), (275, 375), (205, 375)], "#1f5fae")
    draw.ellipse((203, 345, 277, 419), "#1f5fae")


def _receipt(draw: ImageDraw.ImageDraw) -> None:
    draw.rectangle((110, 50, 370, 550), "#ffffff")
    for left in range(110, 370, 26):
        draw.polygon([(left, 550), (left + 26, 550), (left + 13, 566)], "#ffffff")
    font = _font()
    draw.text((240, 95), "ORDER 1024", "#222222", font, anchor="mm")
    lines = (("Water 19 l x 2", "500"), ("Delivery", "0"), ("Deposit", "300"))
    for place, (what, price) in enumerate(lines):
        draw.text((130, 160 + 50 * place), what, "#333333", font)
        draw.text((350, 160 + 50 * place), price, "#333333", font, anchor="ra")
    draw.line((130, 330, 350, 330), "#999999", 3)
    draw.text((130, 350), "PAID", "#1a7f37", font)
    draw.text((350, 350), "800", "#1a7f37", font, anchor="ra")
    for place, width in enumerate((4, 9, 3, 6, 12, 3, 8, 4, 10, 5, 3, 9)):
        draw.rectangle((132 + 18 * place, 430, 132 + 18 * place + width, 510), "#222222")


def _font() -> ImageFont.ImageFont | ImageFont.FreeTypeFont:
    return ImageFont.load_default(24)


BACKDROPS = {"dress": "#f1e7dc", "bottle": "#eaf4fb", "receipt": "#c9b79c"}
PAINTERS: dict[str, Callable[[ImageDraw.ImageDraw], None]] = {"dress": _dress, "bottle": _bottle, "receipt": _receipt}


def _voice() -> bytes:
    """A few hummed syllables, as WAV."""
    written = io.BytesIO()
    with wave.open(written, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(RATE)
        for pitch, seconds in MELODY:
            sound.writeframes(b"".join(_syllable(pitch, seconds)))
    return written.getvalue()


def _syllable(pitch: float, seconds: float) -> list[bytes]:
    """One syllable: a tone with its overtones, swelling and fading."""
    length = int(seconds * RATE)
    samples = []
    for step in range(length):
        swell = math.sin(math.pi * step / length)
        angle = 2 * math.pi * pitch * step / RATE
        tone = math.sin(angle) + 0.5 * math.sin(2 * angle) + 0.25 * math.sin(3 * angle)
        samples.append(int(9_000 * swell * tone).to_bytes(2, "little", signed=True))
    return samples
