"""Chat2Desk, whole."""

from platforms.chat2desk.adapter import Chat2Desk
from platforms.chat2desk.settings import VARIABLES
from platforms.chat2desk.simulator import TRANSPORTS, echo, inbound, simulator
from platforms.kit import Kit

CHAT2DESK = Kit(
    adapter=Chat2Desk,
    variables=VARIABLES,
    simulator=simulator,
    inbound=inbound,
    echo=echo,
    networks=TRANSPORTS,
)
