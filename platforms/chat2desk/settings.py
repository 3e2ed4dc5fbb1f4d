"""Chat2Desk's variables."""

from runtime.variables import Option, Variables

VARIABLES = Variables(
    platform="chat2desk",
    vendor_url="https://api.chat2desk.com",
    flows=("water_order",),
    options={
        "timestamp_header": Option(
            variable="CHAT2DESK_TIMESTAMP_HEADER",
            default="X-Timestamp",
            pattern="[A-Za-z0-9-]+",
            meaning="the header with the signature's timestamp",
        ),
        "storage_url": Option(
            variable="CHAT2DESK_STORAGE_URL",
            default="https://storage.chat2desk.com",
            pattern=r"https?://[^\s/]+.*",
            meaning="the host of relative media links",
        ),
    },
)
