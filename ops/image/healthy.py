"""Whether the piece in this container answers: a worker by its figures, an API by its front page.

Not by /health: an API whose Temporal is away still takes messages in, and must not be taken for broken.
"""

import os
import sys
import urllib.request


def main() -> int:
    """0: it answers."""
    port = os.environ.get("EVERTURN_METRICS_PORT")
    address = f"http://127.0.0.1:{port}/metrics" if port else "http://127.0.0.1:8080/"
    try:
        with urllib.request.urlopen(address, timeout=4) as answer:  # noqa: S310 — our own address
            return 0 if answer.status == 200 else 1
    except OSError:
        return 1


if __name__ == "__main__":
    sys.exit(main())
