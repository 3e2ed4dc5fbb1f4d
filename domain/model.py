"""The common base of every value that is stored or travels."""

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, PlainSerializer

Moment = Annotated[datetime, PlainSerializer(lambda at: round(at.timestamp(), 3), return_type=float, when_used="json")]
"""A time that is written down as Unix seconds, to the millisecond: half the bytes of a date in words. Both are read."""


class Value(BaseModel):
    """A frozen value; fields that only a newer build knows are ignored when it is read."""

    model_config = ConfigDict(frozen=True, extra="ignore")
