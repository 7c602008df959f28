{%- set relation_kpis = ['rqi', 'nps', 'csat', 'ces_mean'] -%}
{%- set relation_columns = [
    'value', 'n', 'ci_low', 'ci_high', 'status', 'change_value', 'change_ci_low', 'change_ci_high', 'change_label'
] -%}
{%- set headline_columns = [
    'value', 'n', 'ci_low', 'ci_high', 'method', 'status', 'compared_period_code', 'change_value', 'change_ci_low',
    'change_ci_high', 'change_label'
] -%}
{%- set money_kpis = [
    'revenue', 'gross_margin', 'value_added', 'ebe', 'operating_result', 'payroll', 'net_result'
] -%}
{%- set finance_kpis = [
    'revenue', 'gross_margin', 'value_added', 'ebe', 'operating_result', 'operating_margin', 'payroll',
    'payroll_ratio', 'net_result'
] -%}

with

organisation as (

    select
        *,
        case when scorecard_grain = 'year' then 'fiscal_year' else scorecard_grain end as grain_basis
    from {{ source('declared', 'organisation') }}

),

stakeholders as (

    select stakeholder_code, coalesce(headline_kpi_code, 'rqi') as headline_kpi_code
    from {{ source('declared', 'stakeholders') }}
    where about_code is null

),

kpi_values as (

    select * from {{ ref('int_kpi_values__compared') }}
    where
        dimension_code = 'all'
        and segment_code = 'all'
        and counterparty_code = 'all'
        and stakeholder_code <> 'all'

),

figures as (

    select * from {{ ref('int_finance__by_basis') }}

),

-- A period under way is shown once it has figures of its own: before, it would only repeat the one before it.
periods as (

    select compared.period_code, compared.start_date, compared.end_date, declared.last_year_period_code
    from {{ ref('int_periods__compared') }} as compared
    cross join organisation
    inner join {{ source('declared', 'periods') }} as declared on compared.period_code = declared.period_code
    where
        compared.end_date <= organisation.as_of_date
        or compared.period_code in (select kpi_values.period_code from kpi_values)
        or compared.period_code in (select figures.period_code from figures)

),

relation as (

    select
        kpi_values.unit_code,
        kpi_values.stakeholder_code,
        kpi_values.period_code,
        max(stakeholders.headline_kpi_code) as headline_kpi_code,
        max(case when kpi_values.kpi_code = stakeholders.headline_kpi_code then 1 else 0 end) as has_headline,
        {%- for column in headline_columns %}
        max(case when kpi_values.kpi_code = stakeholders.headline_kpi_code then kpi_values.{{ column }} end)
            as headline_{{ column }},
        {%- endfor %}
        {%- for kpi in relation_kpis %}
        {%- for column in relation_columns %}
        max(case when kpi_values.kpi_code = '{{ kpi }}' then kpi_values.{{ column }} end) as {{ kpi }}_{{ column }},
        {%- endfor %}
        {%- endfor %}
        max(case when kpis.method = 'respondent_count' then kpi_values.n end) as respondents_count,
        max(
            case
                when kpis.method = 'response_rate'
                    then kpi_values.value / {{ share_scale('kpis.unit_of_measure') }}
            end
        ) as participation_share
    from kpi_values
    inner join stakeholders on kpi_values.stakeholder_code = stakeholders.stakeholder_code
    inner join {{ source('declared', 'kpis') }} as kpis on kpi_values.kpi_code = kpis.kpi_code
    group by 1, 2, 3

),

-- Nothing is copied forward in the facts: here a period shows the latest wave of its twelve months, and says which.
-- A wave that asks for the headline goes before a later period of deliveries or tickets alone.
shown as (

    select
        relation.*,
        periods.period_code as shown_period_code,
        row_number() over (
            partition by relation.unit_code, relation.stakeholder_code, periods.period_code
            order by relation.has_headline desc, measured.end_date desc
        ) as age_rank
    from relation
    inner join periods as measured on relation.period_code = measured.period_code
    inner join periods
        on
            measured.end_date <= periods.end_date
            and measured.start_date > {{ dbt.dateadd('month', -12, 'periods.end_date') }}

),

finance as (

    select
        figures.unit_code,
        figures.period_code,
        max(figures.currency_code) as currency_code,
        {%- for kpi in finance_kpis %}
        -- A calendar year that is not the fiscal year has no sum of its own: it is the twelve months to December.
        coalesce(
            max(
                case
                    when figures.kpi_code = '{{ kpi }}' and figures.basis = organisation.grain_basis
                        then figures.value
                end
            ),
            max(
                case
                    when organisation.scorecard_grain = 'year' and figures.kpi_code = '{{ kpi }}'
                        and figures.basis = 'rolling_12m' then figures.value
                end
            )
        ) as {{ kpi }},
        max(case when figures.kpi_code = '{{ kpi }}' and figures.basis = 'rolling_12m' then figures.value end)
            as {{ kpi }}_rolling_12m,
        {%- endfor %}
        count(*) as figure_count
    from figures
    cross join organisation
    inner join periods on figures.period_code = periods.period_code
    where figures.basis in (organisation.grain_basis, 'rolling_12m')
    group by 1, 2

),

-- Periods whose twelve months, or those a year before, hold a chart of accounts that is not comparable.
finance_breaks as (

    select distinct periods.period_code
    from periods
    inner join {{ source('declared', 'breaks') }} as breaks
        on
            periods.end_date >= breaks.starts_date
            and {{ dbt.dateadd('month', -24, 'periods.end_date') }} < breaks.starts_date
    where breaks.stakeholder_code = 'finance' and not breaks.is_comparable

),

finance_changes as (

    select
        finance.*,
        {%- for kpi in finance_kpis %}
        cast(
            {%- if kpi in money_kpis %}
            (finance.{{ kpi }}_rolling_12m - last_year.{{ kpi }}_rolling_12m)
            / nullif(abs(last_year.{{ kpi }}_rolling_12m), 0)
            {%- else %}
            finance.{{ kpi }}_rolling_12m - last_year.{{ kpi }}_rolling_12m
            {%- endif %} as double
        ) as {{ kpi }}_rolling_12m_change{{ ',' if not loop.last }}
        {%- endfor %}
    from finance
    inner join periods on finance.period_code = periods.period_code
    left join finance_breaks on finance.period_code = finance_breaks.period_code
    left join finance as last_year
        on
            finance.unit_code = last_year.unit_code
            and periods.last_year_period_code = last_year.period_code
            and finance_breaks.period_code is null

),

keys as (

    select unit_code, shown_period_code as period_code, stakeholder_code
    from shown
    where age_rank = 1
    union
    select finance.unit_code, finance.period_code, stakeholders.stakeholder_code
    from finance
    cross join stakeholders

)

select
    keys.unit_code,
    keys.period_code,
    keys.stakeholder_code,
    shown.period_code as measured_period_code,
    stakeholders.headline_kpi_code,
    {%- for column in headline_columns %}
    shown.headline_{{ column }},
    {%- endfor %}
    {%- for kpi in relation_kpis %}
    {%- for column in relation_columns %}
    shown.{{ kpi }}_{{ column }},
    {%- endfor %}
    {%- endfor %}
    shown.respondents_count,
    shown.participation_share,
    finance_changes.currency_code,
    {%- for kpi in finance_kpis %}
    finance_changes.{{ kpi }},
    finance_changes.{{ kpi }}_rolling_12m,
    finance_changes.{{ kpi }}_rolling_12m_change,
    {%- endfor %}
    case when finance_changes.figure_count > 0 then 'published' end as finance_status,
    organisation.definition_version,
    organisation.as_of_date
from keys
cross join organisation
inner join stakeholders on keys.stakeholder_code = stakeholders.stakeholder_code
left join shown
    on
        keys.unit_code = shown.unit_code
        and keys.period_code = shown.shown_period_code
        and keys.stakeholder_code = shown.stakeholder_code
        and shown.age_rank = 1
left join finance_changes
    on keys.unit_code = finance_changes.unit_code and keys.period_code = finance_changes.period_code
