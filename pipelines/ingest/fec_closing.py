"""What only a whole ledger tells: the entries that close its accounts, and the days of its lines."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from datetime import date

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

CLOSED, RESULT = ("6", "7"), ("12", "88", "89")
ENTRY = ("journal_code", "entry_number")


class Closing:
    """The lines of entries that close classes 6 and 7 into the result (12, 88, 89): the law leaves them out.

    Looked for only where every account of classes 6 and 7 ends at nothing, which is what closing does. Fed with the
    lines of a ledger piece by piece, each with a column `keep`; then asked about the same pieces again.
    """

    def __init__(self) -> None:
        self._nets: list[pl.DataFrame] = []
        self._last: date | None = None
        self._entries: pl.DataFrame | None = None
        self.journals: set[str | None] = set()
        self.lines = 0
        self.days: Counter[date | None] = Counter()  # kept lines by day, the closing ones left out

    def add(self, lines: pa.Table) -> None:
        """Count these lines in."""
        kept = lines.filter(lines["keep"])
        for row in pc.value_counts(kept["entry_date"]).to_pylist():
            self.days[row["values"]] += row["counts"]
        last = pc.max(lines["entry_date"]).as_py()
        self._last = max((day for day in (self._last, last) if day), default=None)
        frame = pl.DataFrame(
            {
                "account": pl.Series(kept["account_code"]),
                "net": pl.Series(kept["credit"]) - pl.Series(kept["debit"]),
            }
        )
        nets = frame.filter(pl.col("account").str.slice(0, 1).is_in(CLOSED)).group_by("account")
        self._nets.append(nets.agg(pl.col("net").sum(), pl.col("net").abs().sum().alias("moved")))

    def settle(self, pieces: Callable[[], Iterable[pa.Table]]) -> None:
        """Find the closing entries, reading the pieces once more only where the accounts end at nothing."""
        nets = pl.concat(self._nets).group_by("account").agg(pl.col("net").sum(), pl.col("moved").sum())
        self._nets.clear()
        if not nets.filter(pl.col("moved") != 0).height or nets.filter(pl.col("net") != 0).height:
            return
        told = (pl.col("whole").all(), pl.col("own").any(), pl.col("result").any())
        found = [self._last_day(piece).group_by(ENTRY).agg(told) for piece in pieces()]
        entries = pl.concat(found).group_by(ENTRY).agg(told)
        self._entries = entries.filter(pl.all_horizontal("whole", "own", "result")).select(ENTRY)
        for piece in pieces():
            gone = piece.filter(pa.array(self.among(piece)))
            self.lines += gone.num_rows
            self.journals |= set(pc.unique(gone["journal_code"]).to_pylist())
        self.days[self._last] -= self.lines

    def _last_day(self, lines: pa.Table) -> pl.DataFrame:
        """The lines of the ledger's last day, with their place and what their accounts are."""
        frame = pl.DataFrame(
            {name: pl.Series(lines[name].combine_chunks()) for name in (*ENTRY, "account_code", "entry_date")}
        ).with_row_index("row")
        head = pl.col("account_code").str.slice(0, 2)
        own, result = head.str.slice(0, 1).is_in(CLOSED), head.is_in(RESULT)
        return frame.filter(pl.col("entry_date") == self._last).with_columns(
            whole=(own | result).fill_null(True), own=own.fill_null(False), result=result.fill_null(False)
        )

    def among(self, lines: pa.Table) -> np.ndarray:
        """Mask of the kept lines of one piece that close accounts."""
        away = np.zeros(lines.num_rows, dtype=bool)
        if self._entries is None or not self._entries.height:
            return away
        found = self._last_day(lines).join(self._entries, on=ENTRY, how="semi", nulls_equal=True)
        away[found["row"].to_numpy()] = True
        return away & np.asarray(lines["keep"])
