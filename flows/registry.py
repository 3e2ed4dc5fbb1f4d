"""Every flow by its name. A new flow is one line here; its prompts are checked when this is imported."""

from typing import Any

from domain.failures import OurFault
from flows.assistant.flow import AssistantFlow
from flows.base import Flow
from flows.sales.flow import SalesFlow
from flows.water_order.flow import WaterOrderFlow

FLOWS: dict[str, Flow[Any]] = {
    "water_order": WaterOrderFlow(),
    "sales": SalesFlow(),
    "assistant": AssistantFlow(),
}


def flow(name: str) -> Flow[Any]:
    """The flow of this name.

    Raises:
        OurFault: there is none; the text lists those there are.
    """
    if name not in FLOWS:
        raise OurFault(f"there is no flow {name!r}; known flows: {', '.join(sorted(FLOWS))}")
    return FLOWS[name]
