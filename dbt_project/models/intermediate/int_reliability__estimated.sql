{#- Whether a dimension's items agree (Cronbach 1951), over the whole home. Sums are exact decimals, so that the order of rows cannot change a figure. -#}
{%- set places = range(1, largest_scale(item_scales()) + 1) | list or [1] -%}

with

organisation as (

    select * from {{ source('declared', 'organisation') }}

),

sources as (

    select source_code, stakeholder_code, is_continuous from {{ source('declared', 'sources') }}

),

periods as (

    select periods.period_code, periods.start_date, periods.end_date
    from {{ source('declared', 'periods') }} as periods
    inner join organisation on periods.grain = organisation.scorecard_grain

),

asked as (

    select source_code, target_code as dimension_code, count(*) as item_count
    from {{ source('declared', 'items') }}
    where role = 'dimension'
    group by 1, 2

),

scored as (

    select
        *,
        cast((
            {%- for place in places %}
            {{ '+ ' if not loop.first }}coalesce(item_{{ place }}_score, 0)
            {%- endfor %}
        ) as decimal(18, 12)) as total_score,
        (
            {%- for place in places %}
            {{ '+ ' if not loop.first }}case when item_{{ place }}_score is null then 0 else 1 end
            {%- endfor %}
        ) as answered_count
    from {{ ref('stg_item_scores') }}

),

-- Those who answered every item of the dimension.
summed as (

    select
        scored.source_code,
        scored.wave_code,
        scored.period_start_date,
        scored.dimension_code,
        count(*) as answer_count,
        {%- for place in places %}
        count(scored.item_{{ place }}_score) as item_{{ place }}_count,
        sum(scored.item_{{ place }}_score) as item_{{ place }}_sum,
        sum(scored.item_{{ place }}_score * scored.item_{{ place }}_score) as item_{{ place }}_square_sum,
        {%- endfor %}
        sum(scored.total_score) as total_sum,
        sum(scored.total_score * scored.total_score) as total_square_sum
    from scored
    inner join asked
        on
            scored.source_code = asked.source_code
            and scored.dimension_code = asked.dimension_code
            and scored.answered_count = asked.item_count
    group by 1, 2, 3, 4

),

placed as (

    select
        summed.*,
        sources.stakeholder_code,
        coalesce(waves.period_code, periods.period_code) as period_code,
        coalesce(waves.closed_date, periods.end_date) as closed_date
    from summed
    inner join sources on summed.source_code = sources.source_code
    left join {{ source('declared', 'waves') }} as waves
        on
            not sources.is_continuous
            and summed.source_code = waves.source_code
            and summed.wave_code = waves.wave_code
    left join periods on sources.is_continuous and summed.period_start_date = periods.start_date

),

pooled as (

    select
        placed.stakeholder_code,
        placed.period_code,
        placed.dimension_code,
        count(distinct placed.source_code) as source_count,
        sum(placed.answer_count) as answer_count,
        {%- for place in places %}
        sum(placed.item_{{ place }}_count) as item_{{ place }}_count,
        sum(placed.item_{{ place }}_sum) as item_{{ place }}_sum,
        sum(placed.item_{{ place }}_square_sum) as item_{{ place }}_square_sum,
        {%- endfor %}
        sum(placed.total_sum) as total_sum,
        sum(placed.total_square_sum) as total_square_sum
    from placed
    cross join organisation
    where placed.closed_date <= organisation.as_of_date
    group by 1, 2, 3

),

spreads as (

    select
        *,
        (
            {%- for place in places %}
            {{ '+ ' if not loop.first }}case when item_{{ place }}_count > 0 then 1 else 0 end
            {%- endfor %}
        ) as item_count,
        (
            {%- for place in places %}
            {{ '+ ' if not loop.first }}coalesce(
                {{ sample_variance(
                    'item_' ~ place ~ '_count', 'item_' ~ place ~ '_sum', 'item_' ~ place ~ '_square_sum'
                ) }}, 0
            )
            {%- endfor %}
        ) as item_variance,
        {{ sample_variance('answer_count', 'total_sum', 'total_square_sum') }} as total_variance
    from pooled
    -- two surveys with items of their own have no common total
    where source_count = 1

)

select
    stakeholder_code,
    period_code,
    dimension_code,
    cast(item_count as integer) as item_count,
    cast(answer_count as integer) as n,
    case
        when total_variance > 0 and item_count > 1
            then item_count / (item_count - 1.0e0) * (1 - item_variance / total_variance)
    end as alpha
from spreads
