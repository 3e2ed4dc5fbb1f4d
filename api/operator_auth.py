"""Who may use the operator API: whoever knows OPERATOR_TOKEN."""

import hmac
from typing import Annotated

from fastapi import Depends, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from api.house import TheHouse
from api.problems import Problem

_bearer = HTTPBearer(auto_error=False, description="The value of OPERATOR_TOKEN; `everturn up` prints it at start.")
_challenge = {"WWW-Authenticate": 'Bearer realm="everturn"'}


def require_operator(
    house: TheHouse, given: Annotated[HTTPAuthorizationCredentials | None, Security(_bearer)] = None
) -> None:
    """Let operators in.

    Raises:
        Problem: 401 no token or a wrong one; 403 there is none to know.
    """
    expected = house.settings.operator_token
    if not expected:
        raise Problem(403, "OPERATOR_TOKEN is not set: set it and start the API again (`everturn up` makes one)")
    if given is None:
        raise Problem(401, "send `Authorization: Bearer <OPERATOR_TOKEN>`", headers=_challenge)
    if not hmac.compare_digest(given.credentials.encode("utf-8", "surrogateescape"), expected.encode()):
        raise Problem(401, "this token is wrong", headers=_challenge)


OperatorsOnly = Depends(require_operator)
