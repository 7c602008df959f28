select
    unit_code,
    period_code,
    basis,
    kpi_code,
    value,
    currency_code,
    status,
    as_of_date
from {{ ref('int_finance__by_basis') }}
