"""Instagram, whole."""

from platforms.instagram.adapter import Instagram
from platforms.instagram.hooks import echo, edited, inbound, receipt, unsent
from platforms.instagram.route import Network
from platforms.instagram.settings import VARIABLES
from platforms.instagram.simulator import simulator
from platforms.kit import Kit

INSTAGRAM = Kit(
    adapter=Instagram,
    variables=VARIABLES,
    simulator=simulator,
    inbound=inbound,
    receipt=receipt,
    echo=echo,
    unsent=unsent,
    edited=edited,
    networks=tuple(network.value for network in Network),
)
