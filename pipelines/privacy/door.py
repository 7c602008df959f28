"""What publication calls: mask, freeze against the register, mask again, copy into the scorecard."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import polars as pl

from pipelines.privacy.entries import Entry
from pipelines.privacy.register import freeze
from pipelines.privacy.rules import Rules
from pipelines.privacy.suppression import finish, mask_finance, mask_kpi_values


@dataclass(frozen=True)
class Protected:
    """What may be published.

    `tables`: every mart given, the three masked ones replaced. `register`: entries to append to the
    publication register in the transaction that publishes. `protected_rows`: how many rows of each fact are
    protected. `held_cells`: how many cells keep older figures than the warehouse has, because too few people
    changed them.
    """

    tables: dict[str, pl.DataFrame]
    register: list[Entry]
    protected_rows: dict[str, int]
    held_cells: int


def protect(
    marts: Mapping[str, pl.DataFrame], rules: Rules, register_rows: Iterable[Entry], definition_version: str
) -> Protected:
    """Mask the marts and hold back what the register freezes. Raises MaskRefusedError as `suppress` does.

    `marts` holds fct_kpi_values, fct_finance and scorecard_unit_period of the warehouse, unmasked; other
    marts pass. `register_rows` are all entries ever appended, oldest first. The same input gives the same
    output, and running again with the entries appended publishes the same rows and appends nothing.
    """
    truth = marts["fct_kpi_values"]
    frozen = freeze(mask_kpi_values(truth, rules), truth, register_rows, rules, definition_version)
    finance = mask_finance(marts["fct_finance"], rules)
    done = finish({**marts, "fct_kpi_values": frozen.rows, "fct_finance": finance})
    return Protected(done.marts, frozen.entries, done.protected_rows, frozen.held_cells)
