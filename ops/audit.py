"""Asks an advisory service whether a locked package has a known weakness; fails for one, never for want of a network.

The auditor (pip-audit) lives in an environment of its own that goes away: what asks about our packages is none of them.
"""

import json
import subprocess
import sys
import tempfile
import venv
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
LOCK = ROOT / "requirements.lock"
AUDITOR = "pip-audit>=2.10"
INSTALLED_WITHIN, ASKED_WITHIN = 180, 180
"""Seconds."""
PIP = ("-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--retries", "1", "--timeout", "10")
ASK = ("--requirement", str(LOCK), "--require-hashes", "--disable-pip", "--format", "json", "--progress-spinner", "off")


def answer_of(folder: Path) -> str:
    """What the auditor said, as JSON; empty: it could not be had, or could not ask anybody."""
    venv.create(folder, with_pip=True)
    python = str(folder / "bin" / "python")
    try:
        subprocess.run([python, *PIP, AUDITOR], check=True, capture_output=True, timeout=INSTALLED_WITHIN)
        asked = subprocess.run(
            [python, "-m", "pip_audit", *ASK], capture_output=True, text=True, timeout=ASKED_WITHIN, check=False
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return asked.stdout


def weaknesses(answer: str) -> list[str] | None:
    """A line for each known weakness; None: nobody answered."""
    try:
        found: list[dict[str, Any]] = json.loads(answer)["dependencies"]
    except (ValueError, KeyError, TypeError):
        return None
    return [
        f"{one['name']} {one['version']}: {weak['id']}, mended in {', '.join(weak['fix_versions']) or 'no version yet'}"
        for one in found
        for weak in one.get("vulns", [])
    ]


def main() -> int:
    """1: there is a weakness."""
    with tempfile.TemporaryDirectory(prefix="everturn-audit-") as folder:
        found = weaknesses(answer_of(Path(folder) / "venv"))
    if found is None:
        sys.stdout.write("no advisory service could be asked: the locked packages are not audited\n")
        return 0
    sys.stdout.write("\n".join(found or ["no locked package has a known weakness"]) + "\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
