"""What every declaration is made of: strict keys, codes, labels in two languages."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, StringConstraints

Code = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
Text = Annotated[str, StringConstraints(min_length=1, strip_whitespace=True)]
Stakeholders = Literal["all"] | list[Code]

RESERVED = {"all", "unassigned"}


class Declared(BaseModel):
    """Base of every declaration: unknown keys are refused, numbers may stand where codes are text."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, coerce_numbers_to_str=True, populate_by_name=True, allow_inf_nan=False
    )


class Label(Declared):
    fr: Text
    en: Text
