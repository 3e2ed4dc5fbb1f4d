"""What `everturn account` is told: options, amounts, and secrets from anywhere but its arguments."""

import json
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError

from commands.outcome import WrongUse
from domain.model import Value
from domain.plans import Plan, Tariff, of_credits
from flows.registry import FLOWS
from platforms import registry
from providers.records.tenants import SECRETS, Tenant

VARIABLES = {name: f"EVERTURN_ACCOUNT_{name.upper()}" for name in SECRETS}
"""Where `add` looks for secrets: never in its arguments, which every user of the machine can read."""
Noun = TypeVar("Noun", bound=Value)


def tenant_of(fields: Mapping[str, Any]) -> Tenant:
    """The account that was described on the command line.

    Raises:
        WrongUse: no account may be so; the text says what is wrong.
    """
    if (platform := fields["platform"]) not in registry.names():
        raise WrongUse(f"there is no platform {platform!r}: {', '.join(registry.names())}")
    if (flow := fields["flow"]) and flow not in FLOWS:
        raise WrongUse(f"there is no flow {flow!r}: {', '.join(sorted(FLOWS))}")
    return _valid(Tenant, fields)


def plan_of(fields: Mapping[str, Any]) -> Plan:
    """The plan that was described on the command line.

    Raises:
        WrongUse: no plan may be so.
    """
    return _valid(Plan, fields)


def _valid(kind: type[Noun], fields: Mapping[str, Any]) -> Noun:
    try:
        return kind.model_validate(fields)
    except ValidationError as error:
        wrong = (f"{'.'.join(map(str, item['loc']))}: {item['msg']}" for item in error.errors(include_input=False))
        raise WrongUse("; ".join(wrong)) from None


def pairs(given: Sequence[str], option: str) -> dict[str, str]:
    """`NAME=VALUE` as it was given, several times.

    Raises:
        WrongUse: one of them is none.
    """
    found = dict(each.partition("=")[::2] for each in given)
    if "" in found or not all("=" in each for each in given):
        raise WrongUse(f"{option}: give NAME=VALUE")
    return found


def turn_taking_of(given: Sequence[str]) -> dict[str, Any]:
    """`quiet_period=4`, or for one kind of message `quiet_period_by_kind.image=8`.

    Raises:
        WrongUse: one of them is no number.
    """
    found: dict[str, Any] = {}
    for name, text in pairs(given, "--turn-taking").items():
        outer, _, kind = name.partition(".")
        try:
            number: Any = json.loads(text)
        except ValueError:
            raise WrongUse(f"--turn-taking {name}: {text!r} is no number") from None
        if kind:
            found.setdefault(outer, {})[kind] = number
        else:
            found[outer] = number
    return found


def credits_of(text: str, option: str) -> int:
    """An amount of credits as the ledger counts.

    Raises:
        WrongUse: it is none.
    """
    try:
        return of_credits(Decimal(text))
    except InvalidOperation:
        raise WrongUse(f"{option}: {text!r} is no amount of credits") from None
    except ValueError as error:
        raise WrongUse(f"{option}: {error}") from None


def prices_of(given: Sequence[str]) -> dict[str, Any]:
    """`reply=0.5`: what things cost, in credits.

    Raises:
        WrongUse: one of them is no amount, or nothing has that price.
    """
    prices = {name: credits_of(text, f"--price {name}") for name, text in pairs(given, "--price").items()}
    known = Tariff.model_fields.keys() - {"percent_by_platform"}
    if unknown := ", ".join(sorted(prices.keys() - known)):
        raise WrongUse(f"--price: nothing is called {unknown}; there are {', '.join(sorted(known))}")
    return prices


def read_secrets(token_file: Path | None, ask: Callable[[str], str]) -> dict[str, str]:
    """Secrets from a file or standard input, else the environment, else a hidden question.

    Raises:
        WrongUse: the file cannot be read, or holds something else.
    """
    if token_file is not None:
        return _secrets_in(token_file)
    stated = {name: text for name, variable in VARIABLES.items() if (text := os.environ.get(variable, "").strip())}
    if stated:
        return stated
    if sys.stdin.isatty():
        return {name: text for name in SECRETS if (text := ask(f"{name} (nothing: none)").strip())}
    return {}


def _secrets_in(token_file: Path) -> dict[str, str]:
    """The access token alone, or `name=value` lines."""
    try:
        text = sys.stdin.read() if str(token_file) == "-" else token_file.read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise WrongUse(f"--token-file: cannot be read ({type(error).__name__})") from None
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if len(lines) == 1 and not lines[0].startswith(tuple(f"{name}=" for name in SECRETS)):
        return {"access_token": lines[0]}
    found = dict(line.partition("=")[::2] for line in lines)
    if not found or found.keys() - set(SECRETS):
        raise WrongUse(f"--token-file: give the token alone, or lines of {', '.join(f'{name}=…' for name in SECRETS)}")
    return found
