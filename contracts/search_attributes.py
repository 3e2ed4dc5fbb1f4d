"""The contract's search attributes: what people filter conversations by in the web UI."""

from temporalio.common import SearchAttributeKey

PLATFORM = SearchAttributeKey.for_keyword("Platform")
ACCOUNT = SearchAttributeKey.for_keyword("Account")
FLOW = SearchAttributeKey.for_keyword("Flow")
PHASE = SearchAttributeKey.for_keyword("Phase")
HOLDER = SearchAttributeKey.for_keyword("Holder")
ATTENTION = SearchAttributeKey.for_keyword("Attention")
ORDER_ID = SearchAttributeKey.for_keyword("OrderId")
ALL = (PLATFORM, ACCOUNT, FLOW, PHASE, HOLDER, ATTENTION, ORDER_ID)
