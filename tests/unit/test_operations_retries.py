"""What is tried again, and what is said of what is not."""

from __future__ import annotations

import sqlite3

import dagster as dg
import duckdb
import pytest

from pipelines.loading import RegressionError
from pipelines.retries import passing_trouble_only


@pytest.mark.parametrize(
    "error",
    [
        OSError(28, "No space left on device"),
        sqlite3.OperationalError("database is locked"),
        duckdb.IOException("lock"),
    ],
)
def test_disks_and_locks_are_tried_again(error: Exception) -> None:
    with pytest.raises(type(error)), passing_trouble_only():
        raise error


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (FileNotFoundError(2, "No such file", "an original"), "No such file"),
        (RegressionError("a declaration now refuses 1 file"), "a declaration now refuses 1 file"),
        (
            duckdb.ConversionException("Could not convert 'Jeanne'"),
            "an unexpected ConversionException stopped it",
        ),
        (ValueError("Jeanne"), "an unexpected ValueError stopped it; the run log says more"),
    ],
)
def test_the_rest_is_final_and_quotes_no_cell(error: Exception, said: str) -> None:
    with pytest.raises(dg.Failure) as raised, passing_trouble_only():
        raise error
    assert raised.value.allow_retries is False
    assert said in str(raised.value.description)
    assert "Jeanne" not in str(raised.value.description)


def test_a_step_tries_again_only_what_may_pass() -> None:
    tries = {"passing": 0, "lasting": 0}
    policy = dg.RetryPolicy(max_retries=2)

    @dg.asset(retry_policy=policy)
    def passing() -> None:
        tries["passing"] += 1
        with passing_trouble_only():
            if tries["passing"] < 3:
                raise OSError(5, "Input/output error")

    @dg.asset(retry_policy=policy)
    def lasting() -> None:
        tries["lasting"] += 1
        with passing_trouble_only():
            raise RegressionError("no")

    done = dg.materialize([passing, lasting], raise_on_error=False)
    assert not done.success
    assert tries == {"passing": 3, "lasting": 1}
