"""The Parquet of a file while it is decoded: each piece pseudonymised, marked with its origin, hashed and written."""

from __future__ import annotations

import os
from pathlib import Path
from types import TracebackType

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipelines.canonical import RowsHash
from pipelines.declared import Home, chart_years, fiscal_year_of, span
from pipelines.files import private_folder
from pipelines.ingest import FileProblem, Problem, SourceSpec
from pipelines.privacy import Pseudonyms

# Nearly every row has its own: a dictionary of them is work for nothing.
SCATTERED = {"record_number", "response_id", "response_key", "respondent_id", "respondent_key", "event_key",
             "entry_number", "piece_ref"}  # fmt: skip


def parquet_writer(path: Path, schema: pa.Schema) -> pq.ParquetWriter:
    """A writer of raw's rows."""
    worth = [name for name in schema.names if name not in SCATTERED]
    # no query picks rows by an answer: the least and the greatest of each piece would be work for nothing
    sought = [field.name for field in schema if field.type != pa.float64()]
    return pq.ParquetWriter(
        path, schema, compression="zstd", use_dictionary=worth or False, write_statistics=sought
    )


class RawFile:
    """Rows of one file on their way into raw; what is not kept by the end of its `with` block is gone.

    `strays` are records of a continuous source whose day lies in no period: they go to quarantine.
    """

    def __init__(self, home: Home, folder: Path, spec: SourceSpec, file_id: str, key: bytes) -> None:
        self._home, self._spec, self._file_id = home, spec, file_id
        self._pseudonyms = Pseudonyms(key)
        self._hash = RowsHash(leaving_out=("file_id", "record_number"))
        self._years: set[int] = set()
        self._writer: pq.ParquetWriter | None = None
        self.strays: list[Problem] = []
        self.path = private_folder(folder) / f".{file_id}.{os.getpid()}.part"

    def __enter__(self) -> RawFile:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._writer:
            self._writer.close()
        self.path.unlink(missing_ok=True)

    def add(self, table: pa.Table, wave_code: str | None) -> None:
        """One piece of accepted rows."""
        if "entry_date" in table.column_names:
            days = table["entry_date"].unique().to_pylist()
            self._years |= {fiscal_year_of(self._home, day) for day in days if day}
        table = self._keyed(self._within_periods(table), wave_code)
        self._hash.add(table)
        if self._writer is None:
            self._writer = parquet_writer(self.path, table.schema)
        self._writer.write_table(table)

    def sealed(self) -> Path:
        """Where the whole Parquet now lies, for its owner to read only."""
        if self._writer:
            self._writer.close()
        os.chmod(self.path, 0o600)
        return self.path

    @property
    def rows_hash(self) -> str:
        """The canonical content of the file, whatever order its tool wrote it in."""
        return self._hash.hexdigest()

    def refuse_uncharted(self, records: int) -> None:
        """A line of a year without a chart of accounts would be counted nowhere: the file is held, the year named."""
        missing = sorted(self._years - chart_years(self._home))
        if missing:
            years = ", ".join(map(str, missing))
            raise FileProblem(
                reason="no_chart_of_accounts",
                expected="a chart of accounts for every fiscal year of the file",
                found=f"none for {years}",
                fix=f"add `- {{fiscal_years: [{years}]}}` under charts: in "
                f"{self._home.path.name}/declarations/finance.yml",
                status="held",
                records=records,
                problems=[],
            )

    def _within_periods(self, table: pa.Table) -> pa.Table:
        """A record of a continuous source lies in a period or in quarantine: a stray year must not block the home."""
        source = self._home.sources[self._spec.code]
        if source.waves != "continuous":
            return table
        first, last = span(self._home)
        days = table["submitted_date"]
        inside = pc.fill_null(pc.and_(pc.greater_equal(days, first), pc.less_equal(days, last)), False)
        if "is_test" in table.column_names:  # what counts in no period needs no day
            inside = pc.or_(inside, pc.and_(pc.is_null(days), table["is_test"]))
        # events and measures have several rows a record, all of one day
        stray = pc.unique(table.filter(pc.invert(inside))["record_number"]).to_pylist()
        fix = "correct it in the tool and send the file again, or widen units.csv's first valid_from"
        expected, column = f"a day from {first} to {last}", source.keys.submitted_at
        undated = set(table.filter(pc.is_null(days))["record_number"].to_pylist())
        never = "nothing to do where the answer was never finished; to keep such answers, declare `waves:` with dates"
        self.strays += [
            Problem(n, None, column, "bad_date", expected, "no day", never)
            if n in undated
            else Problem(n, None, column, "bad_date", expected, "withheld", fix)
            for n in stray
        ]
        return table.filter(inside) if stray else table

    def _keyed(self, table: pa.Table, wave_code: str | None) -> pa.Table:
        """Replace identities by pseudonyms, prefix items by their source, and say where each row comes from."""
        spec = self._spec
        # LimeSurvey and Forms number the answers of each survey from 1: a response is unique in its wave
        wave = spec.code if wave_code is None else f"{spec.code}/{wave_code}"
        if spec.kind == "responses":
            table = self._pseudonyms.replace(table, {"response_id": "response_key"}, wave)
            table = self._pseudonyms.replace(table, {"respondent_id": "respondent_key"}, spec.code)
            own = {item.code for item in spec.items}
            table = table.rename_columns(
                [
                    f"{spec.code}__{name}" if name.removesuffix("__why") in own else name
                    for name in table.column_names
                ]
            )
        if spec.kind == "events":
            table = self._pseudonyms.replace(table, {"event_id": "event_key"}, wave)
        if spec.kind == "ledger":
            table = self._hide_third_parties(table)
        for position, (name, value) in enumerate((("source_code", spec.code), ("file_id", self._file_id))):
            table = table.add_column(position, name, _everywhere(value, table.num_rows))
        return table

    def _hide_third_parties(self, table: pa.Table) -> pa.Table:
        """A third-party code is a person as often as a company: kept clear only when it is a declared cost centre."""
        codes = {"auxiliary_code": "auxiliary_key"}
        hidden = self._pseudonyms.replace(table.select(["auxiliary_code"]), codes, self._spec.code)
        clear = table["auxiliary_code"].cast(pa.string())
        shown = pc.if_else(table["auxiliary_is_alias"], clear, hidden["auxiliary_key"])
        position = table.column_names.index("auxiliary_code")
        return table.set_column(position, "auxiliary_code", shown).drop_columns(["auxiliary_is_alias"])


def _everywhere(value: str, rows: int) -> pa.Array:
    return pa.DictionaryArray.from_arrays(np.zeros(rows, dtype=np.int32), pa.array([value])).cast(pa.string())
