{#- CONTRACT.md, relational quality index. A row per cell and set of dimensions: the cell's own set, the set it
    shares with the period it is compared with, the set its groups share, the set it mirrors with another side. -#}
{%- set dimensions = scored_dimensions() -%}
{%- set segments = cut_segments() -%}

with

present as (

    select * from {{ ref('int_dimensions__present') }}

),

own_sets as (

    select
        unit_code,
        stakeholder_code,
        period_code,
        segment_code,
        -- our own people's view of a group is no group of its own, nor is a part of one
        segment_code = 'all' and min(case when is_group then 1 else 0 end) = 1 as is_group,
        {{ dbt.listagg('dimension_code', "','", 'order by dimension_code') }} as dimension_set
    from present
    group by 1, 2, 3, 4
    having 2 * count(*) >= max(declared_count)

),

compared_sets as (

    select
        now.unit_code,
        now.stakeholder_code,
        now.period_code,
        now.segment_code,
        before.period_code as compared_period_code,
        {{ dbt.listagg('now.dimension_code', "','", 'order by now.dimension_code') }} as dimension_set
    from present as now
    inner join {{ ref('int_periods__compared') }} as periods on now.period_code = periods.period_code
    inner join present as before
        on
            periods.compared_period_code = before.period_code
            and now.unit_code = before.unit_code
            and now.stakeholder_code = before.stakeholder_code
            and now.segment_code = before.segment_code
            and now.dimension_code = before.dimension_code
    group by 1, 2, 3, 4, 5
    having 2 * count(*) >= max(now.declared_count)

),

-- Groups can be balanced against each other only where each has an index of its own, and on three dimensions at least,
-- or half of those declared.
balanced_dimensions as (

    select
        present.unit_code,
        present.period_code,
        present.dimension_code,
        count(*) as group_count,
        max(present.declared_count) as declared_count
    from present
    inner join own_sets
        on
            present.unit_code = own_sets.unit_code
            and present.stakeholder_code = own_sets.stakeholder_code
            and present.period_code = own_sets.period_code
            and present.segment_code = own_sets.segment_code
    where own_sets.is_group
    group by 1, 2, 3

),

balanced_groups as (

    select unit_code, period_code, count(*) as group_count
    from own_sets
    where is_group
    group by 1, 2
    having count(*) >= 2

),

balanced_sets as (

    select
        balanced_groups.unit_code,
        balanced_groups.period_code,
        {{ dbt.listagg(
            'balanced_dimensions.dimension_code', "','", 'order by balanced_dimensions.dimension_code'
        ) }} as dimension_set,
        count(*) as common_count
    from balanced_groups
    inner join balanced_dimensions
        on
            balanced_groups.unit_code = balanced_dimensions.unit_code
            and balanced_groups.period_code = balanced_dimensions.period_code
            and balanced_groups.group_count = balanced_dimensions.group_count
    group by 1, 2
    having 2 * count(*) >= max(balanced_dimensions.declared_count) or count(*) >= 3

),

wanted as (

    select unit_code, stakeholder_code, period_code, segment_code, dimension_set from own_sets
    union
    select unit_code, stakeholder_code, period_code, segment_code, dimension_set from compared_sets
    union
    select unit_code, stakeholder_code, compared_period_code, segment_code, dimension_set from compared_sets
    union
    select unit_code, stakeholder_code, period_code, 'all' as segment_code, dimension_set
    from {{ ref('int_sides__mirrored') }}
    union
    select
        own_sets.unit_code,
        own_sets.stakeholder_code,
        own_sets.period_code,
        own_sets.segment_code,
        balanced_sets.dimension_set
    from balanced_sets
    inner join own_sets
        on balanced_sets.unit_code = own_sets.unit_code and balanced_sets.period_code = own_sets.period_code
    where own_sets.is_group

),

-- One wide row per set: what each response is compared with.
widened as (

    select
        wanted.unit_code,
        wanted.stakeholder_code,
        wanted.period_code,
        wanted.segment_code,
        wanted.dimension_set,
        count(*) as dimension_count,
        max(present.answer_count) as largest_count
        {%- for dimension in dimensions %},
        max(case when present.dimension_code = '{{ dimension }}' then present.mean_score end) as {{ dimension }}_mean,
        max(case when present.dimension_code = '{{ dimension }}' then present.weight end) as {{ dimension }}_weight,
        max(case when present.dimension_code = '{{ dimension }}' then present.answer_count end) as {{ dimension }}_count
        {%- endfor %}
    from wanted
    inner join present
        on
            wanted.unit_code = present.unit_code
            and wanted.stakeholder_code = present.stakeholder_code
            and wanted.period_code = present.period_code
            and wanted.segment_code = present.segment_code
            and position(',' || present.dimension_code || ',' in ',' || wanted.dimension_set || ',') > 0
    group by 1, 2, 3, 4, 5

),

closure as (

    select ancestor_code, unit_code, valid_from, valid_to
    from {{ source('declared', 'unit_closure') }}

),

-- Each respondent once for everybody, and once for its group of each segment.
answers as (

    {%- for segment in [none] + segments %}
    select
        placed_unit_code,
        stakeholder_code,
        period_code,
        closed_date,
        {{ segment ~ '_segment' if segment else "'all'" }} as segment_code
        {%- for dimension in dimensions %},
        {{ dimension }}_score
        {%- endfor %}
    from {{ ref('int_responses__placed') }}
    {{- ' where ' ~ segment ~ '_segment is not null' if segment }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}

),

-- psi of the contract, times a constant of the cell (largest_count instead of n, not known yet).
deviations as (

    select
        widened.unit_code,
        widened.stakeholder_code,
        widened.period_code,
        widened.segment_code,
        widened.dimension_set,
        {%- for dimension in dimensions %}
        {{ '+ ' if not loop.first }}coalesce(
            widened.{{ dimension }}_weight * widened.largest_count / widened.{{ dimension }}_count
            * (cast(responses.{{ dimension }}_score as double) - widened.{{ dimension }}_mean), 0
        )
        {%- else %}
        0
        {%- endfor %} as deviation
    from answers as responses
    inner join closure
        on
            responses.placed_unit_code = closure.unit_code
            and responses.closed_date between closure.valid_from and closure.valid_to
    inner join widened
        on
            closure.ancestor_code = widened.unit_code
            and responses.stakeholder_code = widened.stakeholder_code
            and responses.period_code = widened.period_code
            and responses.segment_code = widened.segment_code
    where
        {%- for dimension in dimensions %}
        {{ 'or ' if not loop.first }}(
            widened.{{ dimension }}_mean is not null and responses.{{ dimension }}_score is not null
        )
        {%- else %}
        false
        {%- endfor %}

),

-- Squares are cut to decimals before they are added, so that the sum does not depend on the order of rows.
spreads as (

    select
        unit_code,
        stakeholder_code,
        period_code,
        segment_code,
        dimension_set,
        count(*) as response_count,
        sum(cast(deviation * deviation as decimal(38, 12))) as square_sum
    from deviations
    group by 1, 2, 3, 4, 5

),

indices as (

    select
        widened.unit_code,
        widened.stakeholder_code,
        widened.period_code,
        widened.segment_code,
        widened.dimension_set,
        widened.dimension_count,
        spreads.response_count,
        spreads.square_sum,
        widened.largest_count,
        (
            {%- for dimension in dimensions %}
            {{ '+ ' if not loop.first }}coalesce(widened.{{ dimension }}_weight, 0)
            {%- else %}
            0
            {%- endfor %}
        ) as total_weight,
        (
            {%- for dimension in dimensions %}
            {{ '+ ' if not loop.first }}coalesce(widened.{{ dimension }}_weight * widened.{{ dimension }}_mean, 0)
            {%- else %}
            0
            {%- endfor %}
        ) as weighted_sum
    from widened
    inner join spreads
        on
            widened.unit_code = spreads.unit_code
            and widened.stakeholder_code = spreads.stakeholder_code
            and widened.period_code = spreads.period_code
            and widened.segment_code = spreads.segment_code
            and widened.dimension_set = spreads.dimension_set

)

select
    indices.unit_code,
    indices.stakeholder_code,
    indices.period_code,
    indices.segment_code,
    indices.dimension_set,
    own_sets.dimension_set is not null as is_own_set,
    compared_sets.dimension_set as compared_dimension_set,
    balanced_sets.dimension_set is not null and balanced_own.is_group is not null as is_balanced_set,
    indices.dimension_count,
    indices.response_count,
    indices.weighted_sum / indices.total_weight as index_value,
    -- var(psi) / n, back from largest_count to n
    case
        when indices.response_count > 1 then
            cast(indices.square_sum as double) * indices.response_count
            / (pow(indices.total_weight * indices.largest_count, 2) * (indices.response_count - 1))
    end as index_variance
from indices
left join own_sets
    on
        indices.unit_code = own_sets.unit_code
        and indices.stakeholder_code = own_sets.stakeholder_code
        and indices.period_code = own_sets.period_code
        and indices.segment_code = own_sets.segment_code
        and indices.dimension_set = own_sets.dimension_set
left join compared_sets
    on
        indices.unit_code = compared_sets.unit_code
        and indices.stakeholder_code = compared_sets.stakeholder_code
        and indices.period_code = compared_sets.period_code
        and indices.segment_code = compared_sets.segment_code
left join balanced_sets
    on
        indices.unit_code = balanced_sets.unit_code
        and indices.period_code = balanced_sets.period_code
        and indices.dimension_set = balanced_sets.dimension_set
left join own_sets as balanced_own
    on
        indices.unit_code = balanced_own.unit_code
        and indices.stakeholder_code = balanced_own.stakeholder_code
        and indices.period_code = balanced_own.period_code
        and indices.segment_code = balanced_own.segment_code
        and balanced_own.is_group
