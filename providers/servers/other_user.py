"""PostgreSQL refuses to run as root: which other system user it runs as, and how that user reaches its files."""

import os
import pwd
import shutil
import stat
import struct
import subprocess
from dataclasses import dataclass
from pathlib import Path

import structlog

from providers.servers.problems import CannotStart

OWN = "everturn"
ACL = "system.posix_acl_access"
NO_ID = 0xFFFFFFFF
EXECUTE = 0o1
log = structlog.get_logger()


@dataclass(frozen=True)
class SystemUser:
    """Who a server runs as."""

    name: str
    uid: int
    gid: int


def user_for(directory: Path) -> SystemUser | None:
    """Whom PostgreSQL runs as when we are root: whoever owns its data already, else a user of its own."""
    if os.geteuid() != 0:
        return None
    if directory.exists() and (owner := directory.stat()).st_uid:
        return SystemUser(f"number {owner.st_uid}", owner.st_uid, owner.st_gid)
    return _known(OWN) or _create(OWN) or _known("postgres") or _known("nobody")


def open_way(user: SystemUser, to: Path) -> None:
    """Let `user` pass through every directory above `to`; what lies in them keeps its own permissions.

    Raises:
        CannotStart: a directory on the way can not be opened.
    """
    for directory in reversed(to.absolute().parents):
        if not _may_pass(user, directory):
            _let_pass(user, directory)


def open_tree(root: Path) -> None:
    """Let everyone read the programs below `root` (an installer's strict umask may have closed them)."""
    for path in (root, *root.rglob("*")):
        if not path.is_symlink():
            mode = path.stat().st_mode
            path.chmod(mode | 0o044 | (0o011 if path.is_dir() or mode & stat.S_IXUSR else 0))


def _known(name: str) -> SystemUser | None:
    try:
        entry = pwd.getpwnam(name)
    except KeyError:
        return None
    return SystemUser(name, entry.pw_uid, entry.pw_gid)


def _create(name: str) -> SystemUser | None:
    if program := shutil.which("useradd"):
        command = [program, "--system", "--no-create-home", "--shell", "/bin/false", name]
    elif program := shutil.which("adduser"):
        command = [program, "-S", "-D", "-H", "-s", "/bin/false", name]
    else:
        return None
    made = subprocess.run(command, capture_output=True, check=False)
    log.info("system_user_created", user=name, status=made.returncode)
    return _known(name)


def _may_pass(user: SystemUser, directory: Path) -> bool:
    command = ["/bin/sh", "-c", 'test -x "$0"', str(directory)]
    return subprocess.run(command, user=user.uid, group=user.gid, extra_groups=[], cwd="/", check=False).returncode == 0


def _let_pass(user: SystemUser, directory: Path) -> None:
    """One access-list entry for this one user; where the file system has no access lists, the execute bit."""
    try:
        _grant(user, directory)
        how = "access list"
    except (OSError, AttributeError):
        how = "o+x"
        try:
            directory.chmod(directory.stat().st_mode | stat.S_IXOTH)
        except OSError as error:
            raise CannotStart(
                f"PostgreSQL runs as the user {user.name}, who cannot pass through {directory} ({error.strerror}):"
                " choose another --home, or set DATABASE_URL"
            ) from None
    log.warning("directory_opened_for_passing", directory=str(directory), user=user.name, how=how)


def _grant(user: SystemUser, directory: Path) -> None:
    """Add `user:<id>:--x` to the directory's POSIX access list (setfacl is not installed everywhere)."""
    mode = directory.stat().st_mode
    try:
        current = os.getxattr(directory, ACL)
        entries = {entry[::2]: entry[1] for entry in struct.iter_unpack("<HHI", current[4:])}
    except OSError:
        entries = {(0x01, NO_ID): mode >> 6 & 7, (0x04, NO_ID): mode >> 3 & 7, (0x20, NO_ID): mode & 7}
    entries[0x02, user.uid] = entries.get((0x02, user.uid), 0) | EXECUTE
    entries[0x10, NO_ID] = entries.get((0x10, NO_ID), entries[0x04, NO_ID]) | EXECUTE
    packed = b"".join(struct.pack("<HHI", tag, permission, who) for (tag, who), permission in sorted(entries.items()))
    os.setxattr(directory, ACL, struct.pack("<I", 2) + packed)
