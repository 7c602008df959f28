with

monthly as (

    select * from {{ ref('int_finance__monthly') }}

),

periods as (

    select * from {{ source('declared', 'periods') }}

),

kpis as (

    select * from {{ source('declared', 'kpis') }}

),

-- Fiscal years have their own periods only where they do not start in January.
yearly as (

    select case when count(case when grain = 'fiscal_year' then 1 end) > 0 then 'fiscal_year' else 'year' end as grain
    from periods

),

summed_periods as (

    select 'quarter' as basis, period_code, start_date, end_date
    from periods
    where grain = 'quarter'
    union all
    select 'fiscal_year' as basis, periods.period_code, periods.start_date, periods.end_date
    from periods
    inner join yearly on periods.grain = yearly.grain

),

rolling as (

    select
        unit_code,
        end_date,
        kpi_code,
        case
            when count(*) over twelve_months = 12 then sum(amount) over twelve_months
        end as amount
    from monthly
    window twelve_months as (
        partition by unit_code, kpi_code
        order by start_date
        range between interval 11 month preceding and current row
    )

),

sums as (

    select unit_code, period_code, 'month' as basis, kpi_code, amount
    from monthly
    union all
    select
        monthly.unit_code,
        summed_periods.period_code,
        summed_periods.basis,
        monthly.kpi_code,
        sum(monthly.amount) as amount
    from monthly
    inner join summed_periods
        on monthly.start_date between summed_periods.start_date and summed_periods.end_date
    group by 1, 2, 3, 4
    union all
    select rolling.unit_code, periods.period_code, 'rolling_12m' as basis, rolling.kpi_code, rolling.amount
    from rolling
    inner join periods on rolling.end_date = periods.end_date
    inner join {{ source('declared', 'organisation') }} as organisation
        on periods.grain in ('month', organisation.scorecard_grain)

),

ratios as (

    select
        numerators.unit_code,
        numerators.period_code,
        numerators.basis,
        kpis.kpi_code,
        case
            when denominators.amount > 0
                then {{ share_scale('kpis.unit_of_measure') }} * numerators.amount / denominators.amount
        end as ratio
    from sums as numerators
    inner join kpis on numerators.kpi_code = kpis.numerator_code and kpis.method = 'ledger_ratio'
    inner join sums as denominators
        on
            kpis.denominator_code = denominators.kpi_code
            and numerators.unit_code = denominators.unit_code
            and numerators.period_code = denominators.period_code
            and numerators.basis = denominators.basis

),

figures as (

    select unit_code, period_code, basis, kpi_code, cast(amount as decimal(18, 6)) as value, true as is_money
    from sums
    union all
    select unit_code, period_code, basis, kpi_code, cast(ratio as decimal(18, 6)) as value, false as is_money
    from ratios

)

select
    figures.unit_code,
    figures.period_code,
    figures.basis,
    figures.kpi_code,
    figures.value,
    figures.is_money,
    case when figures.is_money then organisation.currency_code end as currency_code,
    case when figures.value is null then 'not_enough_data' else 'published' end as status,
    organisation.as_of_date
from figures
cross join {{ source('declared', 'organisation') }} as organisation
