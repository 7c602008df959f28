"""Work on the pieces of a file side by side, and take the results in order."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

Thing = TypeVar("Thing")
Done = TypeVar("Done")
# Arrow, NumPy and polars work without Python's lock; more workers would hold more pieces in memory.
WORKERS = 2


def in_order(work: Callable[[Thing], Done], things: Iterable[Thing]) -> Iterator[Done]:
    """work(thing) for each thing, in order; never more than a few pieces are in memory."""
    with ThreadPoolExecutor(WORKERS) as pool:
        ahead: deque[Future[Done]] = deque()
        try:
            for thing in things:
                ahead.append(pool.submit(work, thing))
                if len(ahead) > WORKERS:
                    yield ahead.popleft().result()
            while ahead:
                yield ahead.popleft().result()
        finally:
            for waiting in ahead:
                waiting.cancel()
