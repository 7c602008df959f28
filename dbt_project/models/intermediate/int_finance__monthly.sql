with

ledger as (

    select * from {{ ref('int_ledger__summed') }}

),

months as (

    select period_code, start_date, end_date, fiscal_year
    from {{ source('declared', 'periods') }}
    where grain = 'month'

),

closure as (

    select ancestor_code, unit_code, depth, valid_from, valid_to
    from {{ source('declared', 'unit_closure') }}

),

mapped as (

    select
        ledger.unit_code,
        months.period_code,
        months.end_date,
        account_map.kpi_code,
        sum(account_map.coefficient * ledger.net_amount) as amount
    from ledger
    inner join months on ledger.month_start_date = months.start_date
    inner join {{ source('declared', 'account_map') }} as account_map
        on
            months.fiscal_year = account_map.fiscal_year
            and starts_with(ledger.account_code, account_map.account_prefix)
    group by 1, 2, 3, 4

),

rolled_up as (

    select
        closure.ancestor_code as unit_code,
        mapped.period_code,
        mapped.kpi_code,
        sum(mapped.amount) as amount
    from mapped
    inner join closure
        on
            mapped.unit_code = closure.unit_code
            and mapped.end_date between closure.valid_from and closure.valid_to
    group by 1, 2, 3

),

-- A unit's ledger starts with its first line and ends with the home's: later silence is nothing booked, a zero.
spans as (

    select
        closure.ancestor_code as unit_code,
        min(ledger.month_start_date) as first_month_date
    from ledger
    inner join months on ledger.month_start_date = months.start_date
    inner join closure
        on
            ledger.unit_code = closure.unit_code
            and months.end_date between closure.valid_from and closure.valid_to
    group by 1

),

last_month as (

    select max(month_start_date) as month_start_date from ledger

),

-- The unit itself must exist at the month's end.
unit_months as (

    select spans.unit_code, months.period_code, months.start_date, months.end_date
    from spans
    cross join last_month
    inner join months
        on months.start_date between spans.first_month_date and last_month.month_start_date
    inner join closure
        on
            spans.unit_code = closure.unit_code
            and closure.depth = 0
            and months.end_date between closure.valid_from and closure.valid_to

)

select
    unit_months.unit_code,
    unit_months.period_code,
    unit_months.start_date,
    unit_months.end_date,
    kpis.kpi_code,
    coalesce(rolled_up.amount, 0) as amount
from unit_months
inner join {{ source('declared', 'kpis') }} as kpis on kpis.method = 'ledger_sum'
left join rolled_up
    on
        unit_months.unit_code = rolled_up.unit_code
        and unit_months.period_code = rolled_up.period_code
        and kpis.kpi_code = rolled_up.kpi_code
