"""The API keeps what its description promises: every operation, asked well and badly by schemathesis."""

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import APIOperation, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import Failure, FailureGroup
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from api import conversations
from providers.secrets import new_key
from tests.api.running import serving, settings_for
from tests.servers_here import Servers

BEARER = {"Authorization": "Bearer operator-secret"}
CHECKS = [
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
]
EXAMPLES = 3
"""Of each operation, well and badly formed each; the odd ones stand in the tests of each route."""
MANNERS = settings(
    max_examples=EXAMPLES,
    derandomize=True,
    database=None,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
AWAY = 503
"""Documented, and not our fault: Temporal without a worker."""


@pytest.fixture(scope="module")
def url(servers: Servers) -> Iterator[str]:
    """An API with a conversation, an account and a plan, and no worker; nobody waits long for one."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(conversations, "ANSWER_WITHIN", 0.2)
        patch.setenv("EVERTURN_SECRETS_KEY", new_key())
        known = settings_for(
            temporal_address=servers.temporal_address,
            database_url=servers.fresh_database(f"openapi_{uuid4().hex[:12]}"),
        )
        with serving(known) as url:
            _furnish(url)
            yield url


def _furnish(url: str) -> None:
    shop = {"platform": "manychat", "account": "shop", "access_token": "t", "turn_taking": {"quiet_period": 4}}
    with httpx.Client(base_url=url, headers=BEARER, timeout=20, trust_env=False) as operator:
        answers = [
            operator.post("/webhooks/manychat", json={"subscriber_id": "openapi", "text": "hi"}),
            operator.put("/api/plans/small", json={"credits_per_period": 10}),
            operator.post("/api/accounts", params={"check": False}, json=shop),
            operator.post("/api/accounts/manychat/shop/credits", json={"amount": 5}),
        ]
    assert [True] * 4 == [answer.is_success for answer in answers], [answer.text for answer in answers]


def asked(operation: APIOperation[Any, Any, Any, Any], mode: GenerationMode) -> list[str]:
    """What went wrong with one operation; hypothesis makes it as small as it can."""

    @MANNERS
    @given(case=operation.as_strategy(generation_mode=mode))
    def promise(case: Any) -> None:
        answer = case.call(headers=BEARER, timeout=20)
        assert answer.status_code < 500 or answer.status_code == AWAY, f"{case.as_curl_command()}: {answer.text}"
        case.validate_response(answer, checks=CHECKS, excluded_checks=[not_a_server_error])

    try:
        promise()
    except Unsatisfiable:  # it takes nothing, so nothing can be wrong with it
        return []
    except (Failure, FailureGroup, AssertionError) as error:
        return [f"{operation.label} ({mode.value}): {error} {getattr(error, 'exceptions', '')}"]
    return []


@pytest.mark.slow
@pytest.mark.timeout(240)
def test_every_operation_answers_as_described(url: str) -> None:
    """Whatever a program sends that was written from the description, and whatever one sends that was not."""
    schema = schemathesis.openapi.from_url(f"{url}/openapi.json")
    operations = [found.ok() for found in schema.get_all_operations()]
    wrong = [each for one in operations for mode in GenerationMode for each in asked(one, mode)]
    assert len(operations) > 20
    assert [] == wrong, "\n\n".join(wrong)
