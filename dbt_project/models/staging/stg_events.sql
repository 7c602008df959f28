{%- set grain = scorecard_grain() -%}

with

periods as (

    select period_code, start_date, end_date
    from {{ source('declared', 'periods') }}
    where grain = '{{ grain }}'

)

select
    -- keys
    events.source_code,
    events.event_key,
    events.unit_code,
    events.wave_code,
    events.submitted_date,
    coalesce(waves.period_code, periods.period_code) as period_code,
    events.measure_code,
    declared.kpi_code,
    declared.dimension_code,
    sources.stakeholder_code,

    -- attributes
    coalesce(waves.closed_date, periods.end_date) as closed_date,
    events.counterparty_code,
    declared.statistic,
    declared.scale,
    declared.roll_up,
    sources.disclosure,
    events.missing_reason,

    -- measures: 1 where the fact holds, 0 where it does not, null where nobody can tell
    events.value,

    -- audit
    events.file_id,
    events.record_number
from {{ source('raw', 'events') }} as events
inner join {{ source('declared', 'measures') }} as declared
    on events.source_code = declared.source_code and events.measure_code = declared.measure_code
inner join {{ source('declared', 'sources') }} as sources on events.source_code = sources.source_code
left join {{ source('declared', 'waves') }} as waves
    on events.source_code = waves.source_code and events.wave_code = waves.wave_code
left join periods
    on
        sources.is_continuous
        and {{ period_start('events.submitted_date') }} = periods.start_date
-- Events that the declaration leaves out (a test, an internal counterparty) are kept in raw and count nowhere.
where not coalesce(events.is_test, false)
