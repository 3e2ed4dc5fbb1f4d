"""Telegram, whole."""

from platforms.kit import Kit
from platforms.telegram.adapter import Telegram
from platforms.telegram.hooks import NETWORKS, echo, edited, inbound, unsent
from platforms.telegram.settings import VARIABLES
from platforms.telegram.simulator import simulator

TELEGRAM = Kit(
    adapter=Telegram,
    variables=VARIABLES,
    simulator=simulator,
    inbound=inbound,
    echo=echo,
    unsent=unsent,
    edited=edited,
    networks=NETWORKS,
)
