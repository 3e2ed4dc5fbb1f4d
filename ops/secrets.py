"""Looks for secrets in everything that belongs to the clone; known false alarms stand in `.secrets.baseline`.

`python -m ops.secrets` names what is new and fails; `--accept` writes down that all of it is harmless.
"""

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from detect_secrets import SecretsCollection
from detect_secrets.settings import transient_settings

ROOT = Path(__file__).resolve().parents[1]
BASELINE = ROOT / ".secrets.baseline"
SKIPPED = (
    r"(^|/)(requirements\.lock|\.secrets\.baseline)$|(^|/)tests/histories/.*\.json$|\.(svg|png|jpe?g|ico|ogg|pdf)$"
)
FINDERS = (
    "ArtifactoryDetector", "AWSKeyDetector", "AzureStorageKeyDetector", "BasicAuthDetector", "CloudantDetector",
    "DiscordBotTokenDetector", "GitHubTokenDetector", "GitLabTokenDetector", "IbmCloudIamDetector", "JwtTokenDetector",
    "MailchimpDetector", "NpmDetector", "OpenAIDetector", "PrivateKeyDetector", "PypiTokenDetector", "SendGridDetector",
    "SlackDetector", "SquareOAuthDetector", "StripeDetector", "TelegramBotTokenDetector", "TwilioKeyDetector",
)  # fmt: skip
"""All of the library's that know a secret by its shape; platforms' message ids look as random as keys, so randomness
tells nothing."""
OURS = {"name": "EverturnDetector", "path": (ROOT / "ops/finders.py").as_uri()}
SETTINGS: dict[str, Any] = {
    "plugins_used": [*({"name": name} for name in FINDERS), OURS],
    "filters_used": [
        {"path": "detect_secrets.filters.allowlist.is_line_allowlisted"},
        {"path": "detect_secrets.filters.heuristic.is_sequential_string"},
        {"path": "detect_secrets.filters.heuristic.is_potential_uuid"},
        {"path": "detect_secrets.filters.heuristic.is_templated_secret"},
        {"path": "detect_secrets.filters.regex.should_exclude_file", "pattern": [SKIPPED]},
    ],
}
Found = dict[tuple[str, str, str], int]
"""File, kind, digest: the line."""


def scanned(root: Path, names: list[str]) -> Found:
    """What looks like a secret. Nothing is tried out: no key is ever sent anywhere."""
    with transient_settings(SETTINGS):
        found = SecretsCollection(root=str(root))
        found.scan_files(*names, num_processors=os.cpu_count() or 1)
    return {(file, one.type, one.secret_hash): one.line_number for file, one in found}


def of_the_clone(root: Path) -> list[str]:
    """Every file that git knows or would know."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=root, capture_output=True, text=True, check=True)
    return [name for name in listed.stdout.splitlines() if (root / name).is_file()]


def known() -> set[tuple[str, str, str]]:
    """False alarms that somebody has looked at."""
    return {tuple(one) for one in json.loads(BASELINE.read_text())} if BASELINE.exists() else set()


def main() -> int:
    """0: nothing new."""
    reader = argparse.ArgumentParser(description=__doc__)
    reader.add_argument("--accept", action="store_true", help="all of it is harmless")
    accept = reader.parse_args().accept
    try:
        names = of_the_clone(ROOT)
    except (OSError, subprocess.CalledProcessError):
        sys.stdout.write("not a clone: nobody can tell which files belong to it, so none were searched for secrets\n")
        return 0
    found = scanned(ROOT, names)
    if accept:
        BASELINE.write_text(json.dumps(sorted(found), indent=0) + "\n")
        return 0
    fresh = {which: line for which, line in sorted(found.items()) if which not in known()}
    for (file, kind, _), line in fresh.items():
        sys.stdout.write(f"{file}:{line}: looks like a secret ({kind})\n")
    if fresh:
        sys.stdout.write(
            "take it out and change it where it is used; is it none: .venv/bin/python -m ops.secrets --accept\n"
        )
    return 1 if fresh else 0


if __name__ == "__main__":
    sys.exit(main())
