select kpi_code, threshold_code, value
from {{ source('declared', 'kpi_thresholds') }}
