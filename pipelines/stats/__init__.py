"""Pure statistics: numbers in, values and intervals out. Knows neither files nor engines.

The marts compute the same closed forms in SQL; the tests hold the SQL against the functions of this package.
"""

from pipelines.stats.intervals import (
    Estimate,
    agresti_caffo,
    effective_n,
    mean_t,
    mean_t_of,
    nps_adjusted_wald,
    nps_difference,
    welch,
    wilson,
)
from pipelines.stats.quantiles import t_975, t_quantiles

__all__ = [
    "Estimate",
    "agresti_caffo",
    "effective_n",
    "mean_t",
    "mean_t_of",
    "nps_adjusted_wald",
    "nps_difference",
    "t_975",
    "t_quantiles",
    "welch",
    "wilson",
]
