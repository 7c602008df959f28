select
    period_code,
    grain,
    start_date,
    end_date,
    fiscal_year,
    label_fr,
    label_en,
    previous_period_code,
    last_year_period_code,
    sort_order
from {{ source('declared', 'periods') }}
