"""All verified numbers, in the order of the page."""

from __future__ import annotations

from collections.abc import Iterator

from pipelines.verify import files, published, simulated
from pipelines.verify.lines import Inputs, Line
from pipelines.verify.simulated import Table


def verified(inputs: Inputs) -> Iterator[Line | Table]:
    """Each line as it is found, so that the slow ones need not be waited for."""
    yield from published.lines(inputs)
    yield from files.lines(inputs)
    yield from simulated.lines(inputs)
