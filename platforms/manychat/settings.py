"""ManyChat's variables, by ManyChat's own names."""

from runtime.variables import Option, Variables

VARIABLES = Variables(
    platform="manychat",
    vendor_url="https://api.manychat.com",
    flows=("sales", "water_order"),
    named={"access_token": "MANYCHAT_API_KEY", "api_base_url": "MANYCHAT_API_URL"},
    interim_option="fallback_after",
    options={
        "push_mode": Option(
            variable="MANYCHAT_PUSH_MODE",
            default="true",
            pattern="(?i:true|false|1|0|yes|no|on|off)",
            meaning="`false`: the reply stands in the webhook's answer (response mode)",
        ),
        "fallback_after": Option(
            variable="MANYCHAT_FALLBACK_AFTER_SECONDS",
            default="8",
            pattern=r"[0-8](\.\d+)?|9(\.0+)?",
            meaning="when the interim message goes, in seconds (0 to 9)",
        ),
    },
)
