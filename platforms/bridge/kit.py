"""The bridge, whole."""

from platforms.bridge.adapter import Bridge
from platforms.bridge.hooks import echo, edited, inbound, receipt, unsent
from platforms.bridge.route import Family
from platforms.bridge.settings import VARIABLES
from platforms.bridge.simulator import simulator
from platforms.kit import Kit

BRIDGE = Kit(
    adapter=Bridge,
    variables=VARIABLES,
    simulator=simulator,
    inbound=inbound,
    receipt=receipt,
    echo=echo,
    unsent=unsent,
    edited=edited,
    networks=tuple(family.value for family in Family),
)
