"""The people behind the shop: who may do what in the console."""

from datetime import datetime
from enum import StrEnum

from pydantic import Field

from domain.model import Value

OWNER = "owner"
"""Who logs in with OPERATOR_TOKEN; a name that nobody else can have."""
NAME = r"^[\w][\w .@'’-]{0,62}[\w.]$"
"""What an operator may be called."""
SHORTEST_PASSWORD, LONGEST_PASSWORD = 10, 500


class Role(StrEnum):
    """What an operator may do."""

    OPERATOR = "operator"
    MANAGER = "manager"
    """Also: operators, their sessions, and the audit log."""


class Via(StrEnum):
    """By which way something was done."""

    CONSOLE = "console"
    API = "api"
    COMMAND = "command"


class Act(StrEnum):
    """What operators do, as the audit log names it."""

    LOG_IN = "log_in"
    LOG_OUT = "log_out"
    TAKE_OVER = "take_over"
    RELEASE = "release"
    REPLY = "reply"
    SEND_AGAIN = "send_again"
    DROP_LETTER = "drop_letter"
    DECIDE_PAYMENT = "decide_payment"
    CANCEL_ORDER = "cancel_order"
    ADD_ACCOUNT = "add_account"
    CHANGE_ACCOUNT = "change_account"
    REMOVE_ACCOUNT = "remove_account"
    CHECK_ACCOUNT = "check_account"
    ADJUST_CREDITS = "adjust_credits"
    CHANGE_PLAN = "change_plan"
    ADD_OPERATOR = "add_operator"
    CHANGE_PASSWORD = "change_password"  # noqa: S105 — the name of an act
    CHANGE_ROLE = "change_role"
    CHANGE_ACCOUNTS = "change_accounts"
    DISABLE_OPERATOR = "disable_operator"
    ENABLE_OPERATOR = "enable_operator"
    END_SESSION = "end_session"
    SAVE_CANNED_TEXT = "save_canned_text"
    REMOVE_CANNED_TEXT = "remove_canned_text"
    EXPORT_ORDERS = "export_orders"
    EXPORT_CONTACT = "export_contact"
    ERASE_CONTACT = "erase_contact"
    OTHER = "other"


class Operator(Value):
    """Somebody who may log in."""

    name: str = Field(pattern=NAME)
    role: Role
    is_disabled: bool = False
    accounts: tuple[str, ...] = ()
    """Whose conversations they see, as `platform/account`; empty: everybody's."""
    created_at: datetime | None = None
    updated_at: datetime | None = None

    @property
    def is_manager(self) -> bool:
        """Whether they look after the others."""
        return self.role is Role.MANAGER

    def may_see(self, platform: str, account: str) -> bool:
        """Whether what belongs to this account is theirs to see."""
        return not self.accounts or f"{platform}/{account}" in self.accounts

    def may_see_conversation(self, conversation: str) -> bool:
        """The same of a conversation, by its id."""
        _, platform, account = [*conversation.split(":", 3), "", "", ""][:3]
        return self.may_see(platform, account)


def why_not(name: str, password: str) -> str:
    """What is wrong with a new operator's name or password, in a sentence; empty: nothing."""
    if len(password) < SHORTEST_PASSWORD:
        return f"a password has at least {SHORTEST_PASSWORD} characters"
    if len(password) > LONGEST_PASSWORD:
        return f"a password has at most {LONGEST_PASSWORD} characters"
    if password.strip().casefold() in (name.casefold(), name.casefold() * 2):
        return "a password is not one's name"
    return ""
