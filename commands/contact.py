"""`everturn erase` and `everturn export`: what a customer may ask of a shop, done through the running API."""

import json
import sys
import tempfile
import zipfile
from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
from rich.console import Console
from rich.progress import track

from commands.outcome import Failed, WrongUse
from runtime.settings import Settings

PATIENCE = 180.0
"""Seconds an erasure or an export may take."""


@dataclass(frozen=True)
class Place:
    """A customer on one account of a platform."""

    platform: str
    account: str
    contact: str

    @property
    def path(self) -> str:
        """Where the API has them."""
        return "/api/contacts/" + "/".join(
            quote(piece, safe="") for piece in (self.platform, self.account, self.contact)
        )

    def __str__(self) -> str:
        return f"{self.platform}:{self.account}:{self.contact}"


def find(settings: Settings, contact: str, platform: str, account: str) -> Place:
    """Whom somebody means: a contact, `platform:account:contact`, or a whole conversation id.

    Raises:
        Failed: nobody of this name is known, or the API cannot be reached.
        WrongUse: several are, and the options do not tell which.
    """
    pieces = contact.removeprefix("conv:").split(":", 2)
    if not platform and not account and len(pieces) == 3 and all(pieces):
        return Place(*pieces)
    if platform and account:
        return Place(platform, account, contact)
    found = [
        Place(one["platform"], one["account"], contact)
        for one in _ask(settings, "GET", "/api/contacts", contact=contact)
    ]
    found = [one for one in found if platform in ("", one.platform) and account in ("", one.account)]
    if not found:
        raise Failed(f"nobody is known as {contact!r} here")
    if len(found) > 1:
        raise WrongUse(
            f"{contact!r} may be any of {', '.join(map(str, found))}: say which, by --platform and --account"
        )
    return found[0]


def export(settings: Settings, place: Place, out: Path | None) -> None:
    """Print everything we know of a customer, or write it: `.zip` with their files, anything else as JSON alone.

    Raises:
        Failed: nothing is known of them, the API cannot be reached, or the file cannot be written.
    """
    with _waiting("reading"):
        document = _ask(settings, "GET", f"{place.path}/export")
    text = json.dumps(document, ensure_ascii=False, indent=2)
    if out is None:
        print(text)
        return
    try:
        gone = _write(out, text, document["files"])
    except OSError as error:
        raise Failed(f"{out}: {error.strerror or error}") from None
    rows, files = sum(map(len, document["rows"].values())), len(document["files"]) - gone
    late = f"; not kept any more: {gone}" if gone else ""
    print(f"{out}: {rows} rows, {len(document['histories'])} histories, {files} files{late}")


def _write(out: Path, text: str, files: list[dict[str, Any]]) -> int:
    """Write it whole, or not at all; how many files are not kept any more."""
    if out.suffix != ".zip":
        out.write_text(text)
        out.chmod(0o600)
        return 0
    with tempfile.TemporaryDirectory(dir=out.parent, prefix=f".{out.stem}.") as folder:
        fresh = Path(folder) / out.name
        gone = _pack(fresh, text, files)
        fresh.chmod(0o600)
        fresh.replace(out)
    return gone


def _pack(out: Path, text: str, files: list[dict[str, Any]]) -> int:
    gone = 0
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as pack:
        pack.writestr("export.json", text)
        for file in track(files, "files", console=Console(stderr=True), disable=not sys.stdout.isatty()):
            content = _fetched(file)
            if content is None:
                gone += 1
            else:
                pack.writestr(f"files/{file['id']}.{file['mime'].rpartition('/')[2] or 'bin'}", content)
    return gone


def _fetched(file: dict[str, Any]) -> bytes | None:
    """A file; None: it is not kept any more.

    Raises:
        Failed: it cannot be fetched now.
    """
    try:
        answer = httpx.get(file["url"], timeout=60, trust_env=False)
    except httpx.HTTPError as error:
        why = type(error).__name__
    else:
        if answer.is_success:
            return answer.content
        if answer.status_code == httpx.codes.GONE:
            return None
        why = f"answered {answer.status_code}"
    raise Failed(f"the file {file['id']} cannot be fetched ({why}): no archive was written, try again")


def erase(settings: Settings, place: Place, *, sure: bool) -> None:
    """Forget a customer, after asking; the receipt is printed.

    Raises:
        Failed: nothing is known of them, the API cannot be reached, or nobody says yes.
        WrongUse: nobody can be asked.
    """
    known = _ask(settings, "GET", place.path)
    if not sure:
        _ask_person(place, known)
    with _waiting("erasing"):
        receipt = _ask(settings, "DELETE", place.path)
    print(f"erased; receipt {receipt['id']} of {receipt['ended_at']}, by {receipt['asked_by']}")
    for title, rows in (("gone", receipt["erased"]), ("kept without the customer", receipt["kept"])):
        for name, number in sorted(rows.items()):
            print(f"  {title}: {number} {name}")


def _ask_person(place: Place, known: Mapping[str, int]) -> None:
    rows = ", ".join(f"{number} {name}" for name, number in sorted(known.items())) or "no rows"
    if not sys.stdin.isatty():
        raise WrongUse(f"{place} would be erased ({rows}); give --yes where nobody can be asked")
    answer = input(f"{place}: {rows}, and their histories and files. Nothing brings them back. Type yes to erase: ")
    if answer.strip().lower() != "yes":
        raise Failed("nothing was erased")


def _waiting(what: str) -> Any:
    return Console(stderr=True).status(what) if sys.stdout.isatty() else nullcontext()


def _ask(settings: Settings, method: str, path: str, **query: Any) -> Any:
    url = settings.everturn_api_url
    headers = {"authorization": f"Bearer {settings.operator_token}"} if settings.operator_token else {}
    try:
        answer = httpx.request(method, url + path, params=query, headers=headers, timeout=PATIENCE, trust_env=False)
    except httpx.HTTPError as error:
        raise Failed(f"the API at {url} does not answer ({type(error).__name__}): start `everturn up`") from None
    if answer.is_success:
        return answer.json()
    raise Failed(_reason(answer))


def _reason(answer: httpx.Response) -> str:
    try:
        body = answer.json()
        return str(body.get("detail") or body.get("title"))
    except ValueError:
        return f"the API answered {answer.status_code}"
