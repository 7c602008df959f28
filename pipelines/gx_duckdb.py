"""The one place that makes Great Expectations 1.24.1 push its checks down to DuckDB.

GX gives a connection back before it fetches from it unless the dialect is in a private tuple
(great_expectations#11579, #10738). DuckDB is added to that tuple here, and nothing else is touched;
tests/unit/test_expectations.py fails the day this is not needed any more, or not enough.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from great_expectations.datasource.fluent.sql_datasource import SQLDatasource

GX_VERSION = "1.24.1"


class _Dialect(StrEnum):
    """A `str`, because GX compares the dialect's name with ==, and an Enum, because it reads `.value`."""

    DUCKDB = "duckdb"


def import_gx() -> Any:
    """The great_expectations module, silent, without telemetry and able to read DuckDB; 2–4 s the first time.

    Raises RuntimeError on another version than the pinned one: the shim was proved on that one only.
    """
    # GX logs the statement and the cell that broke it, and some of its loggers set their own level: nothing
    # leaves its root logger, since a respondent's answer has no place in a log.
    logger = logging.getLogger("great_expectations")
    logger.handlers, logger.propagate = [logging.NullHandler()], False
    import great_expectations as gx

    if gx.__version__ != GX_VERSION:
        raise RuntimeError(
            f"great_expectations {gx.__version__} is installed and gx_duckdb.py is proved on {GX_VERSION}: "
            "reinstall from requirements.lock"
        )
    _keep_duckdb_connections()
    return gx


def _keep_duckdb_connections() -> None:
    from great_expectations.execution_engine import sqlalchemy_execution_engine as engine

    kept = engine._PERSISTED_CONNECTION_DIALECTS
    if _Dialect.DUCKDB not in kept:
        # GX types the tuple with its own Enum, which is closed.
        engine._PERSISTED_CONNECTION_DIALECTS = (*kept, _Dialect.DUCKDB)  # type: ignore[assignment]


@contextmanager
def read_only(warehouse: Path) -> Iterator[SQLDatasource]:
    """A GX data source on `warehouse`, opened read-only; on leaving no handle on the file remains.

    DuckDB refuses a second configuration of one file in one process: the caller holds no connection to
    `warehouse` meanwhile, and may open it for writing as soon as the block ends.
    """
    gx = import_gx()
    from great_expectations.data_context.types.base import ProgressBarsConfig

    context = gx.get_context(mode="ephemeral")
    context.enable_analytics(False)
    context.variables.progress_bars = ProgressBarsConfig(globally=False, metric_calculations=False)
    source = context.data_sources.add_sql(
        name="warehouse",
        connection_string="duckdb:///",  # without the path, in which GX would read $NAME as a variable
        create_temp_table=False,
        kwargs={"connect_args": {"database": str(warehouse), "read_only": True}},
    )
    try:
        yield source
    finally:
        _release(source)


def _release(source: SQLDatasource) -> None:
    """Close the kept connection and both SQLAlchemy engines: the source's own and its execution engine's."""
    engine = source.get_execution_engine()
    with engine.get_connection() as connection:
        connection.close()
    engine.close()
    source.get_engine().dispose()
