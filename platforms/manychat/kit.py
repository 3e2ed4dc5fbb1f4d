"""ManyChat, whole."""

from platforms.kit import Kit
from platforms.manychat.adapter import ManyChat
from platforms.manychat.channels import Channel
from platforms.manychat.settings import VARIABLES
from platforms.manychat.simulator import inbound, simulator

MANYCHAT = Kit(
    adapter=ManyChat,
    variables=VARIABLES,
    simulator=simulator,
    inbound=inbound,
    networks=tuple(channel.value for channel in Channel),
)
