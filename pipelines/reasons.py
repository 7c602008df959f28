"""Why a run failed, in sentences fit for a terminal, a mail and a web page: ours in full, a library's by its name.

A library's message may quote the very cell it choked on; the run log, which stays in the restricted zone, has it.
"""

from __future__ import annotations

import re
from typing import Any

# messages of these speak of files, locks and memory, never of rows
_HARMLESS = {
    "BlockingIOError",
    "FileNotFoundError",
    "IOException",
    "IsADirectoryError",
    "MemoryError",
    "NotADirectoryError",
    "OSError",
    "OperationalError",
    "OutOfMemoryException",
    "PermissionError",
    "RuntimeError",
}
_CLASS = re.compile(r"^[\w.]+(Error|Exception|Failure)[\w]*: ")  # a person reads the sentence, not its class


def of_step(step: str, failure: Any) -> str:
    """The sentence of a failed step (`StepFailureData`): its own description, else what was raised."""
    told = failure.user_failure_data.description if failure.user_failure_data else None
    if told:
        return str(told)
    error = failure.error
    while error and error.cause:
        error = error.cause
    if error is None:
        return step
    said = next(iter(error.message.strip().splitlines()), "")
    name = error.cls_name or "an error"
    if name in _HARMLESS or name.startswith("Dagster") or said.startswith("pipelines."):
        return _CLASS.sub("", said) or step
    return f"step {step} failed ({name}); the run log says more"


def of_exception(error: BaseException) -> str:
    """The same for an exception at hand."""
    name = type(error).__name__
    if name in _HARMLESS or type(error).__module__.startswith("pipelines."):
        return str(error) or name
    return f"an unexpected {name} stopped it; the run log says more"


def of_check(check: Any) -> str | None:
    """The sentence of an evaluated check that stops publication; None when it stops nothing."""
    # a failed dbt test fails its step too, whose sentence names them all
    if check.passed or check.severity.value != "ERROR" or check.asset_key.path[0] != "published":
        return None
    return f"check {check.check_name} failed: {check.description or 'see the run log'}"
