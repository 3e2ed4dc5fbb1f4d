"""WhatsApp Cloud's variables."""

from runtime.variables import Option, Variables

VARIABLES = Variables(
    platform="whatsapp",
    vendor_url="https://graph.facebook.com",
    flows=("assistant", "water_order"),
    options={
        "graph_version": Option(
            variable="WHATSAPP_GRAPH_VERSION",
            default="v23.0",
            pattern=r"v[0-9]{1,3}\.[0-9]",
            meaning="the version of the Graph API",
        ),
        "template_name": Option(
            variable="WHATSAPP_TEMPLATE_NAME",
            pattern="[a-z0-9_]{1,512}",
            meaning="an approved template with one body variable, for what is said after the 24-hour window",
        ),
        "template_language": Option(
            variable="WHATSAPP_TEMPLATE_LANGUAGE",
            default="en",
            pattern="[a-z]{2,3}(_[A-Za-z]{2,4})?",
            meaning="the language that template is approved in, e.g. uk or en_US",
        ),
        "list_button": Option(
            variable="WHATSAPP_LIST_BUTTON",
            default="☰",
            pattern=".{1,20}",
            meaning="the button that opens a list of four to ten choices",
        ),
    },
)
