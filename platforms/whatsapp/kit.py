"""WhatsApp Cloud, whole."""

from platforms.kit import Kit
from platforms.whatsapp.adapter import WhatsApp
from platforms.whatsapp.hooks import echo, edited, inbound, receipt, unsent
from platforms.whatsapp.settings import VARIABLES
from platforms.whatsapp.simulator import simulator

WHATSAPP = Kit(
    adapter=WhatsApp,
    variables=VARIABLES,
    simulator=simulator,
    inbound=inbound,
    receipt=receipt,
    echo=echo,
    unsent=unsent,
    edited=edited,
)
