"""What is kept from a message in order to answer it: our number, and both names of the customer."""

import re
from typing import Self

from domain.model import Value

USER_ID = re.compile(r"[A-Z]{2}\.[A-Za-z0-9.]{4,}")
"""A business-scoped user id (2026), e.g. `US.1349…` or `US.ENT.1181…`: with a username, a phone may be hidden."""


class Route(Value):
    """`number_id/phone/user_id`; what is not known is empty.

    The message that is answered is not in it: read and typing signs are told its id, and a reply quotes none.
    """

    number_id: str = ""
    phone: str = ""
    user_id: str = ""

    @classmethod
    def parse(cls, route: str) -> Self:
        """Read it back; a route we do not know says nothing."""
        number_id, phone, user_id = [*route.split("/"), "", "", ""][:3]
        return cls(number_id=number_id, phone=phone, user_id=user_id)

    def __str__(self) -> str:
        return "/".join("" if "/" in piece else piece for piece in (self.number_id, self.phone, self.user_id))


def is_user_id(contact: str) -> bool:
    """Whether this names a customer by business-scoped user id, and not by phone."""
    return USER_ID.fullmatch(contact) is not None
