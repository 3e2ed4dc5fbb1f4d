"""Pictures, honest and hostile, as they are kept."""

import io
import time

import pytest
from PIL import Image

from domain.failures import MediaRefused
from domain.media import MediaProblem
from providers.media.pictures import Picture, Pictures, normalise
from tests.media.files import (
    BLUE,
    RED,
    SVG,
    jpeg_of_many_scans,
    packed,
    photo_taken_sideways,
    picture,
    png_that_promises,
    png_with_words,
)


def opened(kept: Picture) -> Image.Image:
    """A kept picture, as anybody would open it."""
    image = Image.open(io.BytesIO(kept.content))
    image.load()
    return image


def is_near(pixel: object, colour: tuple[int, int, int]) -> bool:
    """JPEG changes colours a little."""
    assert isinstance(pixel, tuple)
    return all(abs(one - other) < 40 for one, other in zip(pixel, colour, strict=True))


def problem_of(content: bytes, most_pixels: int = 40_000_000) -> MediaProblem:
    """Why this is not kept."""
    with pytest.raises(MediaRefused) as refusal:
        normalise(content, most_pixels=most_pixels)
    return refusal.value.problem


@pytest.mark.parametrize("size", [(2000, 1000), (1000, 2000), (768, 768), (769, 769), (5000, 3)])
def test_a_large_picture_becomes_small(size: tuple[int, int]) -> None:
    """A photo of any size fits 768×768, in its own proportions."""
    kept = normalise(picture(size))
    assert (kept.width, kept.height) == opened(kept).size
    assert max(kept.width, kept.height) == 768
    assert min(kept.width, kept.height) == max(1, round(min(size) * 768 / max(size)))


def test_a_small_picture_stays_small() -> None:
    """Nothing is blown up."""
    assert (64, 48) == opened(normalise(picture((64, 48)))).size


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_photo_taken_sideways_is_upright(orientation: int) -> None:
    """However the phone was held, the picture stands as the customer saw it, and its metadata stay behind."""
    content = photo_taken_sideways(orientation)
    wanted = Image.open(io.BytesIO(content))
    from PIL import ImageOps

    upright = ImageOps.exif_transpose(wanted)
    image = opened(normalise(content))
    assert upright.size == image.size
    for corner in ((2, 2), (image.width - 3, image.height - 3), (2, image.height - 3)):
        assert is_near(image.getpixel(corner), RED if is_near(upright.getpixel(corner), RED) else BLUE)


def test_nothing_but_pixels_is_kept() -> None:
    """Where, when and with what a photo was taken is nobody's business here."""
    for content in (photo_taken_sideways(6), png_with_words()):
        kept = normalise(content)
        assert {"jfif", "jfif_version", "jfif_unit", "jfif_density"} >= set(opened(kept).info)
        assert not opened(kept).getexif()
        for secret in (b"Exif", b"PhoneMaker", b"secret", b"profile bytes", b"ICC_PROFILE", b"http"):
            assert secret not in kept.content


@pytest.mark.parametrize(
    ("format", "mode"),
    [("JPEG", "RGB"), ("JPEG", "L"), ("JPEG", "CMYK"), ("PNG", "RGB"), ("PNG", "P"), ("PNG", "L"), ("PNG", "RGBA"),
     ("GIF", "P"), ("WEBP", "RGB"), ("WEBP", "RGBA")],
)  # fmt: skip
def test_every_usual_kind_of_picture(format: str, mode: str) -> None:
    """Photos, screenshots, stickers and drawings all come out as the same kind of file."""
    kept = normalise(picture((100, 60), format, mode))
    image = opened(kept)
    assert ("JPEG", "RGB", (100, 60)) == (image.format, image.mode, image.size)
    if mode != "L":
        assert is_near(image.getpixel((10, 30)), RED)
        assert is_near(image.getpixel((90, 30)), BLUE)


def test_sixteen_bit_greys_keep_their_shades() -> None:
    """A scan in many greys does not come out all white."""
    output = io.BytesIO()
    Image.new("I;16", (20, 20), 32_768).save(output, "PNG")
    assert is_near(opened(normalise(output.getvalue())).getpixel((10, 10)), (128, 128, 128))


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P"])
def test_what_is_transparent_becomes_white(mode: str) -> None:
    """A cut-out dress stands on white, not on black."""
    output = io.BytesIO()
    image = Image.new("RGBA", (20, 20), (0, 0, 0, 0)).convert(mode)
    image.save(output, "PNG", **({"transparency": 0} if mode == "P" else {}))
    assert is_near(opened(normalise(output.getvalue())).getpixel((10, 10)), (255, 255, 255))


def test_of_a_moving_picture_the_first_frame() -> None:
    """An animation becomes its first picture."""
    output = io.BytesIO()
    frames = [Image.new("RGB", (30, 30), colour) for colour in (RED, BLUE, BLUE)]
    frames[0].save(output, "GIF", save_all=True, append_images=frames[1:])
    assert is_near(opened(normalise(output.getvalue())).getpixel((15, 15)), RED)


@pytest.mark.parametrize("size", [(6_400, 6_300), (12_000, 10_000), (60_000, 60_000), (2_000_000_000, 2_000_000_000)])
def test_a_pixel_bomb_is_not_set_off(size: tuple[int, int]) -> None:
    """A few bytes that promise a picture larger than memory are believed, and not opened."""
    began = time.monotonic()
    assert problem_of(png_that_promises(*size)) in (MediaProblem.TOO_MANY_PIXELS, MediaProblem.BROKEN)
    assert time.monotonic() - began < 2


def test_the_limit_of_pixels_is_a_setting() -> None:
    """One pixel more than allowed is too many."""
    assert MediaProblem.TOO_MANY_PIXELS == problem_of(picture((100, 101)), most_pixels=10_000)
    assert normalise(picture((100, 100)), most_pixels=10_000)


def test_a_bomb_in_time_is_not_set_off() -> None:
    """A picture of hundreds of layers, each of which costs a walk over all pixels, is refused."""
    assert MediaProblem.TOO_MANY_PIXELS == problem_of(jpeg_of_many_scans())
    assert normalise(picture((256, 256), progressive=True))


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP"])
def test_a_picture_cut_short_is_broken(format: str) -> None:
    """Half a picture is no picture."""
    content = picture((300, 300), format)
    assert MediaProblem.BROKEN == problem_of(content[: len(content) // 2])
    assert MediaProblem.BROKEN == problem_of(content[:40])


@pytest.mark.parametrize(
    "content", [b"", b"GIF89a", b"\xff\xd8\xff", SVG, b"<html>", b"\x89PNG\r\n\x1a\n" + b"\0" * 99]
)
def test_what_is_no_picture_is_refused(content: bytes) -> None:
    """Neither drawings that run programs, nor pages, nor nonsense."""
    assert MediaProblem.BROKEN == problem_of(content)


@pytest.mark.parametrize(
    "hidden", [b"<script>alert(1)</script>", b"<?php system($_GET[0]);", packed(a_txt=b"hidden words"), b"%PDF-1.7"]
)
@pytest.mark.parametrize("format", ["JPEG", "PNG", "GIF"])
def test_a_picture_that_is_something_else_too_comes_out_clean(format: str, hidden: bytes) -> None:
    """A picture with a program, an archive or a page behind it is only a picture afterwards."""
    kept = normalise(picture((200, 200), format) + hidden)
    assert hidden not in kept.content
    assert b"hidden" not in kept.content
    assert b"PK\x03\x04" not in kept.content


def test_a_gif_whose_size_is_a_program_comes_out_clean() -> None:
    """`GIF89a/*` … is a picture and a script at once; what we keep is neither a GIF nor a script."""
    content = bytearray(picture((200, 200), "GIF"))
    content[6:8] = b"/*"
    try:
        kept = normalise(bytes(content) + b"*/=1;alert(1)")
    except MediaRefused:
        return
    assert kept.content.startswith(b"\xff\xd8\xff")
    assert b"alert" not in kept.content


async def test_few_pictures_are_worked_on_at_once() -> None:
    """However many pictures come, memory is asked for a few at a time, and all come out."""
    pictures = Pictures(at_once=2)
    from asyncio import gather

    kept = await gather(*(pictures.normalise(picture((900, 900))) for _ in range(6)))
    pictures.close()
    assert [(768, 768)] * 6 == [(one.width, one.height) for one in kept]
