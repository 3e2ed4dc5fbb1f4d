"""Recorded webhook bodies, bent: what a platform may send one day, and what none ever should."""

import json
from collections.abc import Callable, Sequence
from random import Random
from typing import Any, NamedTuple

Path = tuple[Any, ...]
Bend = Callable[[Any, Random], Any]

DEEPEST = 150
"""Of what is still taken: with the body around it no deeper than the door allows."""
ODD_TEXTS = (
    *("", " ", "\u200b\u200d\ufeff", "\u202eтекст задом наперёд\u202c", "\ud83d", "\udc4d half", "a\x00b", "\x00"),
    *("\x7f\x01", "{{last_input_text}}", "null", "undefined", "<script>alert(1)</script>", "<br>" * 50, "%00%0a\r\n"),
    *("&#0;&#x110000;", "'; DROP TABLE orders; --", "${jndi:ldap://x}", "../../etc/passwd", "e\u0301" * 40),
    *("\U0001f468\u200d\U0001f469\u200d\U0001f467" * 5, "conv:manychat:default:42", "a:b/c?d=e#f", "1e999", "٣ بطل"),
    *("\U0001f1fa\U0001f1e6", "\u2028\u2029", "\ufdfa" * 20),
)
ODD_NUMBERS = (
    *(0, -1, -0.0, 1, 2**31, -(2**31) - 1, 2**53 + 1, 2**63, -(2**63) - 1, 2**64, 10**77, 10**400),
    *(1.5, 1e-320, 1e308, -1e308, 9_999_999_999_999, 253_402_300_800, -62_135_596_801, 1e22),
)
ODD_VALUES = (None, True, False, [], {}, [[]], [None], [{}], {"": ""}, {"id": None}, [1, "2", {"3": 4}], "", "0", 0)
LARGEST = 5 * 1024 * 1024
"""Bytes, about: a little more than the door takes."""
HUGE = (1_000, 9_000, 70_000, 300_000)


class Mutant(NamedTuple):
    """A body that no longer is what was recorded."""

    body: bytes
    how: str
    """The names of what was done to it."""
    is_object: bool
    """Whether it still is a JSON object in UTF-8, as a platform may send it."""


def mutated(body: bytes, chance: Random) -> Mutant:
    """Bend a body in one to four places; one in eight is broken as bytes besides."""
    names = [chance.choice(list(BENDS)) for _ in range(chance.choice((1, 1, 2, 3, 4)))]
    value = json.loads(body)
    for name in names:
        value = BENDS[name](value, chance)
    written = _written(value, chance)
    if chance.random() > 1 / 8:
        return Mutant(written, "+".join(names), isinstance(value, dict))
    name = chance.choice(list(BREAKS))
    return Mutant(BREAKS[name](written, chance), "+".join([*names, name]), is_object=False)


def _written(value: Any, chance: Random) -> bytes:
    """As platforms write JSON: escaped or not; half an emoji can only be escaped."""
    plain = chance.random() < 0.5
    try:
        return json.dumps(value, ensure_ascii=not plain).encode()
    except UnicodeEncodeError:
        return json.dumps(value).encode()


# --- places ---------------------------------------------------------------------------------------------------------


def places(value: Any, path: Path = ()) -> list[Path]:
    """Where in a JSON value something stands; the whole of it first."""
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(place for key, item in inside for place in places(item, (*path, key)))]


def at(value: Any, path: Path) -> Any:
    """What stands there."""
    for step in path:
        value = value[step]
    return value


def changed(value: Any, path: Path, change: Callable[[Any], Any]) -> Any:
    """The value with something else in one place."""
    if not path:
        return change(value)
    if isinstance(value, dict):
        return {**value, path[0]: changed(value[path[0]], path[1:], change)}
    return [changed(item, path[1:], change) if place == path[0] else item for place, item in enumerate(value)]


def _some(value: Any, chance: Random, *kinds: type) -> Path | None:
    """A place, seldom the whole body; with `kinds` one where such a thing stands. None: there is none."""
    found = [path for path in places(value) if not kinds or isinstance(at(value, path), kinds)]
    inner = [path for path in found if path]
    if inner and chance.random() > 0.02:
        return chance.choice(inner)
    return chance.choice(found) if found else None


def _put(value: Any, chance: Random, choices: Sequence[Any], *kinds: type) -> Any:
    path = _some(value, chance, *kinds)
    return value if path is None else changed(value, path, lambda _: chance.choice(choices))


# --- what is bent ---------------------------------------------------------------------------------------------------


def _drop(value: Any, chance: Random) -> Any:
    path = _some(value, chance)
    if not path:
        return {}
    gone = path[-1]

    def without(parent: Any) -> Any:
        if isinstance(parent, dict):
            return {key: item for key, item in parent.items() if key != gone}
        return [item for place, item in enumerate(parent) if place != gone]

    return changed(value, path[:-1], without)


def _repeat(value: Any, chance: Random) -> Any:
    """A list's items come two to thirty times; what is no list becomes one of itself."""
    times = chance.choice((2, 2, 3, 30))
    path = _some(value, chance, list, dict) or ()

    def repeated(found: Any) -> Any:
        fitting = min(times, max(1, LARGEST // len(json.dumps(found))))
        return found * fitting if isinstance(found, list) else [found] * fitting

    return changed(value, path, repeated)


def _retype(value: Any, chance: Random) -> Any:
    """The same thing as another type: "5" for 5, [x] for x, "x" for {"a": x}."""
    ways: tuple[Callable[[Any], Any], ...] = (
        lambda found: [found],
        lambda found: {"value": found},
        lambda found: json.dumps(found) if not isinstance(found, str) else [found],
        lambda found: list(found.values()) if isinstance(found, dict) else str(found),
        lambda found: bool(found),
        lambda found: float(len(str(found))),
    )
    path = _some(value, chance) or ()
    return changed(value, path, chance.choice(ways))


def _swap(value: Any, chance: Random) -> Any:
    """Two fields change places: a message's id for its sender's, ours for theirs."""
    spots = [path for path in places(value) if isinstance(at(value, path), str | int)]
    if len(spots) < 2:
        return value
    one, other = chance.sample(spots, 2)
    first, second = at(value, one), at(value, other)
    return changed(changed(value, one, lambda _: second), other, lambda _: first)


def _rename(value: Any, chance: Random) -> Any:
    """A field under another name, as vendors do without asking."""
    path = _some(value, chance, dict) or ()
    odd = chance.choice((str.upper, str.title, lambda key: f"{key}_v2", lambda key: key + "\x00", lambda _: ""))

    def renamed(found: Any) -> Any:
        if not isinstance(found, dict) or not found:
            return found
        old = chance.choice(list(found))
        return {odd(key) if key == old else key: item for key, item in found.items()}

    return changed(value, path, renamed)


def _nest(value: Any, chance: Random) -> Any:
    deep: Any = "x"
    for _ in range(chance.choice((20, DEEPEST, DEEPEST))):
        deep = [deep] if chance.random() < 0.5 else {"message": deep}
    return _put(value, chance, (deep,))


def _enlarge(value: Any, chance: Random) -> Any:
    letter = chance.choice(("x", "я", "👍", "a b", "\n", "1", "\u0301", "<b>"))
    return _put(value, chance, (letter * (chance.choice(HUGE) // len(letter)),), str)


def _widen(value: Any, chance: Random) -> Any:
    """Very many fields that nobody knows."""
    path = _some(value, chance, dict) or ()
    more = {f"field_{number}": number for number in range(chance.choice((50, 3_000)))}
    return changed(value, path, lambda found: {**found, **more} if isinstance(found, dict) else found)


BENDS: dict[str, Bend] = {
    "drop": _drop,
    "repeat": _repeat,
    "retype": _retype,
    "swap": _swap,
    "rename": _rename,
    "nest": _nest,
    "enlarge": _enlarge,
    "widen": _widen,
    "odd_text": lambda value, chance: _put(value, chance, ODD_TEXTS, str),
    "odd_text_anywhere": lambda value, chance: _put(value, chance, ODD_TEXTS),
    "odd_number": lambda value, chance: _put(value, chance, ODD_NUMBERS, int, float),
    "odd_number_anywhere": lambda value, chance: _put(value, chance, ODD_NUMBERS),
    "odd_value": lambda value, chance: _put(value, chance, ODD_VALUES),
}


# --- what is broken -------------------------------------------------------------------------------------------------


def _flip(body: bytes, chance: Random) -> bytes:
    broken = bytearray(body or b" ")
    for _ in range(chance.randint(1, 8)):
        broken[chance.randrange(len(broken))] = chance.randrange(256)
    return bytes(broken)


def _encoded(encoding: str) -> Callable[[bytes, Random], bytes]:
    return lambda body, _: body.decode().encode(encoding, "replace")


def _doubled_key(body: bytes, chance: Random) -> bytes:
    """Every field twice, as no writer of JSON would."""
    return b"{" + body[1:-1] + b"," + body[1:-1] + b"}" if body[:1] == b"{" and len(body) > 2 else body + body


BREAKS: dict[str, Callable[[bytes, Random], bytes]] = {
    "truncated": lambda body, chance: body[: chance.randrange(len(body) + 1)],
    "flipped": _flip,
    "bom": lambda body, _: b"\xef\xbb\xbf" + body,
    "two_boms": lambda body, _: b"\xef\xbb\xbf\xef\xbb\xbf" + body,
    "utf16": _encoded("utf-16"),
    "utf32": _encoded("utf-32-le"),
    "cp1251": _encoded("cp1251"),
    "latin1": _encoded("latin-1"),
    "raw_nul": lambda body, chance: body.replace(b":", b":\x00", chance.randint(1, 3)),
    "doubled_key": _doubled_key,
    "two_documents": lambda body, _: body + b"\n" + body,
    "no_bytes": lambda body, _: b"",
    "too_deep": lambda body, _: b'{"a":' + b"[" * 5_000 + b"]" * 5_000 + b"}",
    "nan": lambda body, _: body.replace(b"null", b"NaN").replace(b"false", b"-Infinity"),
    "form": lambda body, _: b"payload=" + body.replace(b" ", b"+"),
    "xml": lambda body, _: b'<?xml version="1.0"?><body>' + body + b"</body>",
}
