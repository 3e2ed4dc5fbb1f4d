"""`everturn export` into a .zip: a customer gets all of their files, or the shop hears which one is missing."""

import os
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tests.api.running import serving, serving_app, settings_for
from tests.console.seeding import Books
from tests.servers_here import Servers

EVERTURN = str(Path(sys.executable).parent / "everturn")
WHO = "whatsapp:default:42"
PICTURE = """
INSERT INTO media (id, conversation_id, platform, account, message_id, place, kind, mime, name, created_at, expires_at)
VALUES (%(id)s, 'conv:' || %(who)s, 'whatsapp', 'default', %(id)s, 0, 'image', 'image/jpeg', %(id)s,
        now() - %(place)s * interval '1 minute', now() + interval '1 day')
"""
pytestmark = pytest.mark.slow
Export = Callable[[Path], tuple[int, str, str]]


class Host:
    """Where the links to files lead: it answers as it is told, one status after the other."""

    def __init__(self) -> None:
        self.statuses: list[int] = []
        self.app = Starlette(routes=[Route("/media/{token}", self._show)])

    async def _show(self, request: Request) -> Response:
        return Response(b"a picture", status_code=self.statuses.pop(0))


@pytest.fixture
def host() -> Host:
    """It."""
    return Host()


@pytest.fixture
def links(host: Host) -> Iterator[str]:
    """Its address."""
    with serving_app(host.app) as url:
        yield url


@pytest.fixture
def export(
    servers: Servers, request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Export]:
    """Exports a customer of two pictures, through a real API; a parameter says where else their links lead."""
    links = getattr(request, "param", None) or request.getfixturevalue("links")
    database, home = servers.fresh_database(f"export_{uuid4().hex[:12]}"), str(tmp_path / "home")
    monkeypatch.setenv("EVERTURN_HOME", home)
    books = Books(database)
    books.line("42", "дві світлини")
    for place, name in enumerate(("first", "second")):
        books.run(PICTURE, id=name, who=WHO, place=place)
    settings = settings_for(temporal_address=servers.temporal_address, database_url=database, everturn_api_url=links)

    def run(out: Path, api: str) -> tuple[int, str, str]:
        command = (EVERTURN, "export", WHO, "--out", str(out), "--api", api, "--home", home)
        environment = os.environ | {"OPERATOR_TOKEN": "operator-secret"}
        done = subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True, timeout=60)
        return done.returncode, done.stdout, done.stderr

    with serving(settings) as url:
        yield lambda out: run(out, url)


def test_a_zip_holds_every_file_for_its_owner_alone(export: Export, host: Host, tmp_path: Path) -> None:
    """The last line says how many were packed."""
    host.statuses = [200, 200]
    out = tmp_path / "anna.zip"
    status, said, complaint = export(out)
    assert (0, "", True) == (status, complaint, said.endswith(", 2 files\n")), said
    with zipfile.ZipFile(out) as pack:
        assert {"export.json", "files/first.jpeg", "files/second.jpeg"} == set(pack.namelist())
    assert 0o600 == out.stat().st_mode & 0o777


def test_a_file_whose_time_is_over_is_no_failure(export: Export, host: Host, tmp_path: Path) -> None:
    """It was let go of a moment ago: the last line says so, and counts what was packed."""
    host.statuses = [410, 200]
    status, said, complaint = export(tmp_path / "anna.zip")
    assert (0, "", True) == (status, complaint, said.endswith(", 1 files; not kept any more: 1\n")), said


@pytest.mark.parametrize("answer", [500, 503, 404, 302])
def test_a_file_that_is_not_given_is_named(export: Export, host: Host, tmp_path: Path, answer: int) -> None:
    """Nobody hands a customer half of what they asked for: one line, and no archive."""
    host.statuses = [200, answer]
    status, said, complaint = export(tmp_path / "anna.zip")
    assert (1, "", 1) == (status, said, complaint.count("\n"))
    assert ("second" in complaint, str(answer) in complaint) == (True, True), complaint
    assert [] == [path.name for path in tmp_path.iterdir() if path.name != "home"]


@pytest.mark.parametrize("export", ["http://127.0.0.1:1"], indirect=True)
def test_files_that_cannot_be_reached_leave_the_older_archive_as_it_was(export: Export, tmp_path: Path) -> None:
    """Their links lead where nobody answers: one line, not a trace."""
    out = tmp_path / "anna.zip"
    out.write_bytes(b"of last week")
    status, said, complaint = export(out)
    assert (1, "", 1, True) == (status, said, complaint.count("\n"), "first" in complaint), complaint
    assert b"of last week" == out.read_bytes()
    assert ["anna.zip"] == [path.name for path in tmp_path.iterdir() if path.name != "home"]
