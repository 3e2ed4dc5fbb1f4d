"""The runbook's backup and restore, line by line as they stand there: the conversation goes on in the copy."""

import re
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.system.conftest import Let
from tests.system.house import EVERYDAY, House

RUNBOOK = Path(__file__).parents[2] / "docs" / "runbook.md"
CUSTOMER = "901"


def blocks(home: Path, new: Path) -> list[list[str]]:
    """The lines of the section's two blocks, with the homes they speak of put in."""
    section = RUNBOOK.read_text().split("## Back up and restore")[1].split("\n## ")[0]
    found = []
    for block in re.findall(r"```\n(.*?)```", section, re.DOTALL):
        named = re.sub(r"\bH\b", str(home), re.sub(r"\bN\b", str(new), block))
        found.append(named.replace(".venv/bin/python", sys.executable).splitlines())
    return found


def shell(lines: list[str], folder: Path) -> None:
    """As an engineer would type them."""
    done = subprocess.run(["bash", "-ec", "\n".join(lines)], cwd=folder, capture_output=True, text=True, check=False)
    assert 0 == done.returncode, done.stderr


@pytest.mark.slow
@pytest.mark.timeout(180)
def test_what_was_backed_up_goes_on_where_it_stood(let: Let, tmp_path: Path) -> None:
    """A machine burns in the middle of an order: the customer's yes to the copy makes the order, once."""
    house = let(**EVERYDAY, CHAT2DESK_INTERIM_TEXT="Секунду")  # nobody else's: it burns
    for number, text in enumerate(("здравствуйте", "ул. Ахунбаева 12, кв. 5", "0555 12 34 56", "3"), start=1):
        house.write(CUSTOMER, text)
        house.answered(CUSTOMER, number)
    copy = House(tmp_path / "new", **EVERYDAY)
    backup, restore = blocks(house.home, copy.home)
    means = backup[:2]
    shell(backup, tmp_path)
    house.kill_everything()

    held: list[str] = []
    with ExitStack() as burning:
        for line in restore:
            if line.startswith(("everturn up", "# stop")):
                shell(means + held, tmp_path)
                held.clear()
                if line.startswith("everturn"):
                    burning.callback(_let_go, copy)
                    copy.start()
                else:
                    copy.stop()
            else:
                held.append(line)
        copy.write(CUSTOMER, "да")
        [confirmed] = copy.answered(CUSTOMER, 1)

        assert re.search(r"№\s*1\b", confirmed), confirmed
        wanted = [(1, "+996555123456", "ул. Ахунбаева 12, кв. 5", 3)]
        assert wanted == copy.rows("SELECT id, client_phone, delivery_address, bottles_count FROM orders")


def _let_go(house: House) -> None:
    if house.process.poll() is None:
        house.kill_everything()
    house.client.close()
