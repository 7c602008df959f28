{%- set grain = scorecard_grain() -%}

with

-- Figures sent day by day or month by month belong to the period that holds their day, and close with it.
periods as (

    select period_code, start_date, end_date
    from {{ source('declared', 'periods') }}
    where grain = '{{ grain }}'

)

select
    -- keys
    measures.source_code,
    measures.unit_code,
    measures.wave_code,
    measures.submitted_date,
    coalesce(waves.period_code, periods.period_code) as period_code,
    measures.measure_code,
    declared.kpi_code,
    declared.dimension_code,
    sources.stakeholder_code,

    -- attributes
    coalesce(waves.closed_date, periods.end_date) as closed_date,
    declared.statistic,
    case when declared.scale = 'points' then 'points' else 'share' end as scale,
    declared.roll_up,
    sources.disclosure,
    measures.missing_reason,

    -- measures: shares are carried as 0-1 here whatever the sender's scale, points as they are
    measures.value * case when declared.scale = 'percent' then 0.01 else 1.00 end as value,
    measures.n,

    -- audit
    measures.file_id,
    measures.record_number
from {{ source('raw', 'measures') }} as measures
inner join {{ source('declared', 'measures') }} as declared
    on measures.source_code = declared.source_code and measures.measure_code = declared.measure_code
inner join {{ source('declared', 'sources') }} as sources on measures.source_code = sources.source_code
left join {{ source('declared', 'waves') }} as waves
    on measures.source_code = waves.source_code and measures.wave_code = waves.wave_code
left join periods
    on
        sources.is_continuous
        and {{ period_start('measures.submitted_date') }} = periods.start_date
