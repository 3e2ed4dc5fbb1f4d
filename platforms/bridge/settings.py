"""The bridge's variables."""

from runtime.variables import Option, Variables

VARIABLES = Variables(
    platform="bridge",
    vendor_url="",  # everybody runs a bridge of their own: there is no address to guess
    flows=("assistant", "water_order"),
    quiet_period=10.0,
    options={
        "kind": Option(
            variable="BRIDGE_KIND",
            pattern="(evolution|wppconnect)?",
            meaning="which HTTP API the bridge speaks; not set: that of the webhook that is answered",
        ),
        "instance": Option(
            variable="BRIDGE_INSTANCE",
            pattern=r"[^\x00-\x1f]{0,100}",
            meaning="the instance (Evolution) or session (wppconnect) to speak as where a webhook named none",
        ),
    },
)
