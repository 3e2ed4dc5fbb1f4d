"""The common base of every value that is stored or travels."""

from pydantic import BaseModel, ConfigDict


class Value(BaseModel):
    """A frozen value; fields that only a newer build knows are ignored when it is read."""

    model_config = ConfigDict(frozen=True, extra="ignore")
