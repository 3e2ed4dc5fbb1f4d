"""A worker that cannot work says why in a line, not in a page of Python."""

import os
import subprocess
import sys
from pathlib import Path
from uuid import uuid4

from tests.servers_here import Servers

ROOT = Path(__file__).resolve().parents[2]


def test_a_namespace_that_does_not_exist_is_named(servers: Servers, tmp_path: Path) -> None:
    """Whoever mistypes it reads its name."""
    named = {
        "TEMPORAL_ADDRESS": servers.temporal_address,
        "TEMPORAL_NAMESPACE": "mistyped",
        "DATABASE_URL": servers.fresh_database(f"worker_{uuid4().hex[:12]}"),
        "EVERTURN_HOME": str(tmp_path),
    }
    ended = subprocess.run(
        [sys.executable, ROOT / "worker.py"],
        env=os.environ | named, cwd=tmp_path, capture_output=True, text=True, timeout=40, check=False,
    )  # fmt: skip
    assert 1 == ended.returncode
    assert "Traceback" not in ended.stderr
    assert "worker_cannot_run" in ended.stderr
    assert "mistyped" in ended.stderr
