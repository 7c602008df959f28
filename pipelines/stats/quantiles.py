"""Student quantiles, as a table the SQL models can join: DuckDB has no inverse t distribution."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from scipy.special import stdtrit

LARGEST_EXACT_DF = 1000
NORMAL_LIKE_DF = 1_000_000


def t_975(df: float) -> float:
    """The 97.5 % quantile of Student's t with `df` > 0 degrees of freedom (1.96 at infinity)."""
    if not df > 0:
        raise ValueError(f"degrees of freedom must be above 0, got {df}")
    return float(stdtrit(df, 0.975))


def t_quantiles() -> pa.Table:
    """Table(df INT32, t_975 DOUBLE), one row for each df of 1..1000 and one for 1,000,000.

    A query takes the largest df at or below its own: between two rows the quantile falls, so the interval
    is never too narrow (beyond 1,000 by 0.13 % at most).
    """
    degrees = np.append(np.arange(1, LARGEST_EXACT_DF + 1), NORMAL_LIKE_DF).astype(np.int32)
    return pa.table({"df": pa.array(degrees), "t_975": pa.array(stdtrit(degrees, 0.975))})
