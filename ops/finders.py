"""Shapes of the secrets that Everturn's own neighbours give out, for `ops.secrets`."""

import re

from detect_secrets.plugins.base import RegexBasedDetector


class EverturnDetector(RegexBasedDetector):
    """Keys of the platforms and the model, which the library does not know; and our own."""

    secret_type = "Everturn Neighbour"  # noqa: S105 — what such a find is called
    denylist = [
        re.compile(r"sk-ant-[A-Za-z0-9_-]{32,}"),  # Anthropic
        re.compile(r"\b(?:EAA|IGAA)[A-Za-z0-9]{40,}"),  # Meta: pages, system users; Instagram's log-in
        re.compile(r"\b[0-9]{4,20}:[0-9a-f]{32}\b"),  # ManyChat: the page, and its key
        re.compile(r"EVERTURN_SECRETS_KEY['\"]?\s*[=:,]\s*['\"]?([A-Za-z0-9_-]{43}=)"),
    ]
