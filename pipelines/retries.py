"""What is worth trying again: a disk, a lock, a network. Anything else would fail the same way twice more."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

import dagster as dg
import duckdb

from pipelines import reasons

RETRY = dg.RetryPolicy(max_retries=2, delay=2, backoff=dg.Backoff.EXPONENTIAL, jitter=dg.Jitter.PLUS_MINUS)
PASSING = (OSError, sqlite3.OperationalError, duckdb.IOException)
LASTING = (FileNotFoundError, PermissionError, IsADirectoryError, NotADirectoryError)


@contextmanager
def passing_trouble_only() -> Iterator[None]:
    """Let through what RETRY may cure; turn the rest into a failure that is final, its sentence without values."""
    try:
        yield
    except dg.Failure:
        raise
    except Exception as error:
        if isinstance(error, PASSING) and not isinstance(error, LASTING):
            raise
        raise dg.Failure(description=reasons.of_exception(error), allow_retries=False) from error
