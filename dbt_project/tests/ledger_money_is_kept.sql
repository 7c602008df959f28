-- Every euro of the ledger ends in exactly one leaf unit or in `unassigned`, and the root adds them all up. It breaks
-- when a rule or an alias matches a line twice, when a line's unit is outside the tree of its month, or when a line's
-- month has no period.
with

ledger as (

    select account_code, sum(net_amount) as net_amount
    from {{ ref('stg_ledger_lines') }}
    group by 1

),

units as (

    select account_code, sum(net_amount) as net_amount
    from {{ ref('int_ledger__summed') }}
    group by 1

),

-- The additive figures of the whole ledger, straight from its lines.
expected as (

    select account_map.kpi_code, sum(account_map.coefficient * lines.net_amount) as amount
    from {{ ref('stg_ledger_lines') }} as lines
    inner join {{ source('declared', 'periods') }} as months
        on months.grain = 'month' and lines.month_start_date = months.start_date
    inner join {{ source('declared', 'account_map') }} as account_map
        on
            months.fiscal_year = account_map.fiscal_year
            and starts_with(lines.account_code, account_map.account_prefix)
    group by 1

),

root as (

    select monthly.kpi_code, sum(monthly.amount) as amount
    from {{ ref('int_finance__monthly') }} as monthly
    inner join {{ source('declared', 'organisation') }} as organisation
        on monthly.unit_code = organisation.root_unit_code
    group by 1

)

select coalesce(ledger.account_code, units.account_code) as what, ledger.net_amount as expected, units.net_amount as got
from ledger
full join units on ledger.account_code = units.account_code
where ledger.net_amount is distinct from units.net_amount
union all
select coalesce(expected.kpi_code, root.kpi_code) as what, expected.amount as expected, root.amount as got
from expected
full join root on expected.kpi_code = root.kpi_code
where coalesce(expected.amount, 0) <> coalesce(root.amount, 0)
