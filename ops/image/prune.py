"""Takes out of a virtual environment what only development needs: whatever Everturn does not ask for at run time.

The lock file is one for all, so that its hashes are checked once; this walks from the project's own requirements.
"""

import argparse
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterable
from importlib.metadata import Distribution, distributions
from pathlib import Path

from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parents[2]
KEPT = frozenset({"everturn"})


def needed(requirements: Iterable[str], known: dict[str, Distribution]) -> set[str]:
    """Names of all that these requirements lead to, on this machine."""
    found: set[tuple[str, str]] = set()
    waiting = [(Requirement(text), "") for text in requirements]
    while waiting:
        wanted, extra = waiting.pop()
        if wanted.marker is not None and not wanted.marker.evaluate({"extra": extra}):
            continue
        name = normal(wanted.name)
        for of_extra in ("", *wanted.extras):
            if (name, of_extra) not in found and name in known:
                found.add((name, of_extra))
                waiting += [(Requirement(text), of_extra) for text in known[name].requires or ()]
    return {name for name, _ in found}


def normal(name: str) -> str:
    """A package's name as indexes compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def superfluous(project: Path, paths: list[str] | None, without: Iterable[str] = ()) -> list[str]:
    """Installed packages that Everturn does not need at run time; `without`: nor these."""
    asked = tomllib.loads((project / "pyproject.toml").read_text("utf-8"))["project"]["dependencies"]
    found = distributions(path=paths) if paths else distributions()
    known = {normal(one.metadata["Name"]): one for one in found}
    unwanted = set(map(normal, without))
    wanted = needed((text for text in asked if normal(Requirement(text).name) not in unwanted), known)
    return sorted(known.keys() - wanted - KEPT)


def main() -> int:
    """Uninstall them; pip itself goes last."""
    reader = argparse.ArgumentParser(description=__doc__)
    reader.add_argument("venv", type=Path)
    reader.add_argument("--without", action="append", default=[])
    given = reader.parse_args()
    program = str(given.venv / "bin" / "python")
    inside = [str(path) for path in (given.venv / "lib").glob("python*/site-packages")]
    names = [name for name in superfluous(ROOT, inside, given.without) if name != "pip"]
    for batch in (names, ["pip"]):
        subprocess.run([program, "-m", "pip", "uninstall", "--quiet", "--yes", *batch], check=True)
    sys.stdout.write(f"{len(names) + 1} packages taken out\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
