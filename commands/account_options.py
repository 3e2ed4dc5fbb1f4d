"""What may be said of an account and of a plan on the command line, option by option."""

from pathlib import Path
from typing import Annotated

from typer import Argument, Option

HomeOption = Annotated[Path, Option("--home", envvar="EVERTURN_HOME", help="Where all data lies.", show_default=True)]
PlatformName = Annotated[str, Argument(help="The platform, e.g. telegram.", metavar="PLATFORM")]
AccountId = Annotated[str, Argument(help="The account's id on its platform.", metavar="ACCOUNT")]
Number = int | None
Repeated = list[str] | None
"""Of an option that may be given again."""

# --- an account -----------------------------------------------------------------------------------------------------

ShopName = Annotated[str, Option(help="What the shop calls it.")]
Flow = Annotated[str, Option(help="Its dialog. Left out: the platform's own.")]
Language = Annotated[str, Option(help="What its customers are answered in, e.g. uk. Left out: theirs.")]
PlanOfIt = Annotated[str, Option(help="Its plan (`everturn account plan list`).")]
OwnOptions = Annotated[Repeated, Option(help="What only its platform knows; may be given again.", metavar="NAME=VALUE")]
TurnTakingOptions = Annotated[
    Repeated, Option(help="e.g. quiet_period=4 or quiet_period_by_kind.image=8; again.", metavar="NAME=NUMBER")
]
LowerRate = Annotated[Number, Option(help="A lower rate than the platform's own.")]
InterimText = Annotated[str, Option(help='Its own "one moment".')]
ExhaustedText = Annotated[
    str, Option(help="What customers hear when the plan is used up. Left out: a person is asked for.")
]
ApiBaseUrl = Annotated[str, Option(help="Another address of the platform's API.")]
RetentionDays = Annotated[Number, Option(help="How long its media are kept.")]
TokenFile = Annotated[
    Path | None,
    Option(help="A file with the access token, or lines of name=secret; - is standard input.", metavar="FILE"),
]
Check = Annotated[bool, Option("--check/--no-check", help="Ask the platform whether the token works.")]
Replace = Annotated[bool, Option("--replace", help="Take the place of a stored account.")]

# --- a plan ---------------------------------------------------------------------------------------------------------

PlanName = Annotated[str, Argument(help="The plan's name.", metavar="NAME")]
Messages = Annotated[Number, Option(min=0, help="Messages in a period. Left out: unlimited.")]
Credits = Annotated[str | None, Option(help="Credits in a period. Left out: unlimited.")]
Features = Annotated[str, Option(help='Of image,audio,video; "" for none.')]
PeriodDays = Annotated[int, Option(min=1, max=366, help="How long a period is.")]
WarnAtPercent = Annotated[int, Option(min=1, max=100, help="When the shop is warned.")]
Rates = Annotated[Repeated, Option(help="The most it may send on a platform; again.", metavar="PLATFORM=PER_MINUTE")]
Prices = Annotated[
    Repeated,
    Option(
        help="Credits for reply, image, audio_second, thousand_input_tokens, thousand_output_tokens,"
        " thousand_cached_tokens; again.",
        metavar="NAME=CREDITS",
    ),
]
Percents = Annotated[Repeated, Option(help="A platform that costs more or less; again.", metavar="PLATFORM=PERCENT")]

# --- the ledger -----------------------------------------------------------------------------------------------------

AddedCredits = Annotated[str | None, Option(help="Credits to add; with a minus, to take.")]
Why = Annotated[str, Option(help="Why, for the record.")]
MostMovements = Annotated[int, Option(min=1, max=500, help="How many movements at most.")]
