"""Checks what a model wants to call a tool with."""

from collections.abc import Mapping
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError, best_match

from domain.language import Tool

LONGEST = 300


def why_wrong(tool: Tool, arguments: Mapping[str, Any]) -> str:
    """Why these arguments cannot be used, in words the model can mend them by; empty: they can."""
    error = best_match(Draft202012Validator(dict(tool.schema_)).iter_errors(dict(arguments)))
    return "" if error is None else _said(error)


def _said(error: ValidationError) -> str:
    where = ".".join(str(step) for step in error.absolute_path)
    return f"{where or 'arguments'}: {error.message}"[:LONGEST]
