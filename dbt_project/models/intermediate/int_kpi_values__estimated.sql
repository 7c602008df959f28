{#- Every KPI of every cell, with what its interval takes (centre, variance, degrees of freedom; none: normal) and
    what its side of a difference takes (centre, variance). -#}
with

kpis as (

    select
        kpi_code,
        method as kpi_method,
        range_low,
        range_high,
        {{ share_scale('unit_of_measure') }} as share_scale
    from {{ source('declared', 'kpis') }}

),

cells as (

    select
        *,
        max(scored_count) over (partition by stakeholder_code, period_code, segment_code) > 0 as has_dimensions,
        segment_code = 'all'
        or max(respondent_count) over (partition by stakeholder_code, period_code, segment_code) > 0 as is_answered
    from {{ ref('int_cells__rolled_up') }}

),

counted as (

    select unpivoted.*, kpis.kpi_method, kpis.share_scale
    from {{ ref('int_cells__unpivoted') }} as unpivoted
    inner join kpis on unpivoted.kpi_code = kpis.kpi_code

),

means as (

    select
        *,
        cast(total as double) / nullif(answer_count, 0) as mean_value,
        {{ sample_variance('answer_count', 'total', 'square_total') }} / answer_count as mean_variance,
        coalesce(invited_count >= answer_count, false) as is_finite
    from counted
    where kpi_method in ('pomp_mean', 'outcome_mean', 'value_mean', 'say_do')

),

mean_rows as (

    select
        unit_code,
        stakeholder_code,
        period_code,
        segment_code,
        kpi_code,
        dimension_code,
        disclosure,
        mean_value as value,
        answer_count as n,
        case when is_finite then 't_fpc' else 't' end as method,
        mean_value as interval_centre,
        case when is_finite then {{ finite_population('invited_count', 'answer_count') }} else 1 end
        * mean_variance as interval_variance,
        answer_count - 1 as degrees_of_freedom,
        mean_value as change_centre,
        mean_variance as change_variance
    from means

),

net_promoter_rows as (

    select
        unit_code,
        stakeholder_code,
        period_code,
        segment_code,
        kpi_code,
        dimension_code,
        disclosure,
        100.0e0 * (promoter_count - detractor_count) / nullif(answer_count, 0) as value,
        answer_count as n,
        'adjusted_wald' as method,
        100 * {{ nps_centre('promoter_count', 'detractor_count', 'answer_count') }} as interval_centre,
        10000 * {{ nps_variance('promoter_count', 'detractor_count', 'answer_count') }} as interval_variance,
        cast(null as bigint) as degrees_of_freedom,
        interval_centre as change_centre,
        interval_variance as change_variance
    from counted
    where kpi_method = 'net_promoter'

),

measures as (

    select
        measures.*,
        'all' as segment_code,
        case when measures.scale = 'points' then 1 else kpis.share_scale end as share_scale
    from {{ ref('int_measures__rolled_up') }} as measures
    inner join kpis on measures.kpi_code = kpis.kpi_code

),

-- Shares counted from answers, and shares a sender reports with the number of answers behind them.
shares as (

    select
        unit_code,
        stakeholder_code,
        period_code,
        segment_code,
        kpi_code,
        dimension_code,
        disclosure,
        success_count / cast(nullif(answer_count, 0) as double) as share,
        answer_count as n,
        success_count,
        share_scale
    from counted
    where kpi_method in ('top_box', 'share_between', 'theme_share')
    union all
    select
        unit_code,
        stakeholder_code,
        period_code,
        segment_code,
        kpi_code,
        dimension_code,
        disclosure,
        value as share,
        n,
        success_count,
        share_scale
    from measures
    where success_count is not null and n > 0

),

share_rows as (

    select
        unit_code,
        stakeholder_code,
        period_code,
        segment_code,
        kpi_code,
        dimension_code,
        disclosure,
        share_scale * share as value,
        n,
        'wilson' as method,
        share_scale * {{ wilson_centre('success_count', 'n') }} as interval_centre,
        share_scale * share_scale * {{ wilson_variance('success_count', 'nullif(n, 0)') }} as interval_variance,
        cast(null as bigint) as degrees_of_freedom,
        share_scale * {{ agresti_caffo_centre('success_count', 'n') }} as change_centre,
        share_scale * share_scale * {{ agresti_caffo_variance('success_count', 'n') }} as change_variance
    from shares

),

-- No interval can be made of what a sender reports without its number of answers.
reported_rows as (

    select
        unit_code,
        stakeholder_code,
        period_code,
        segment_code,
        kpi_code,
        dimension_code,
        disclosure,
        share_scale * value as value,
        n,
        'as_reported' as method,
        cast(null as double) as interval_centre,
        cast(null as double) as interval_variance,
        cast(null as bigint) as degrees_of_freedom,
        share_scale * value as change_centre,
        cast(null as double) as change_variance
    from measures
    where success_count is null or coalesce(n, 0) = 0

),

index_rows as (

    select
        cells.unit_code,
        cells.stakeholder_code,
        cells.period_code,
        cells.segment_code,
        kpis.kpi_code,
        'all' as dimension_code,
        cells.disclosure,
        indices.index_value as value,
        coalesce(indices.response_count, cells.scored_count) as n,
        't' as method,
        indices.index_value as interval_centre,
        indices.index_variance as interval_variance,
        indices.response_count - 1 as degrees_of_freedom,
        -- A change of index is taken on the dimensions both periods share: see int_kpi_values__compared.
        cast(null as double) as change_centre,
        cast(null as double) as change_variance
    from cells
    inner join kpis on kpis.kpi_method = 'weighted_index'
    left join {{ ref('int_indices__estimated') }} as indices
        on
            cells.unit_code = indices.unit_code
            and cells.stakeholder_code = indices.stakeholder_code
            and cells.period_code = indices.period_code
            and cells.segment_code = indices.segment_code
            and indices.is_own_set
    where cells.has_dimensions

),

-- A side's index on the dimensions it mirrors with another side: what a gap between the two is made of.
mirrored_rows as (

    select
        mirrored.unit_code,
        mirrored.stakeholder_code,
        mirrored.period_code,
        'all' as segment_code,
        kpis.kpi_code,
        'all' as dimension_code,
        cells.disclosure,
        indices.index_value as value,
        indices.response_count as n,
        't' as method,
        indices.index_value as interval_centre,
        indices.index_variance as interval_variance,
        indices.response_count - 1 as degrees_of_freedom,
        cast(null as double) as change_centre,
        cast(null as double) as change_variance,
        mirrored.counterparty_code
    from {{ ref('int_sides__mirrored') }} as mirrored
    inner join kpis on kpis.kpi_method = 'mirrored_index'
    inner join cells
        on
            mirrored.unit_code = cells.unit_code
            and mirrored.stakeholder_code = cells.stakeholder_code
            and mirrored.period_code = cells.period_code
            and cells.segment_code = 'all'
    inner join {{ ref('int_indices__estimated') }} as indices
        on
            mirrored.unit_code = indices.unit_code
            and mirrored.stakeholder_code = indices.stakeholder_code
            and mirrored.period_code = indices.period_code
            and indices.segment_code = 'all'
            and mirrored.dimension_set = indices.dimension_set

),

declared_dimensions as (

    select stakeholder_code, count(*) as declared_count
    from {{ source('declared', 'dimension_stakeholders') }}
    group by 1

),

present_dimensions as (

    select counted.unit_code, counted.stakeholder_code, counted.period_code, count(*) as present_count
    from counted
    inner join {{ source('declared', 'stakeholders') }} as stakeholders
        on counted.stakeholder_code = stakeholders.stakeholder_code
    inner join {{ source('declared', 'dimension_stakeholders') }} as dimension_stakeholders
        on
            counted.stakeholder_code = dimension_stakeholders.stakeholder_code
            and counted.dimension_code = dimension_stakeholders.dimension_code
    where
        counted.kpi_method = 'pomp_mean'
        and counted.segment_code = 'all'
        and counted.answer_count >= stakeholders.threshold_count
    group by 1, 2, 3

),

-- Figures that are counts of this very survey: exact, hence without an interval.
exact_figures as (

    select
        cells.unit_code,
        cells.stakeholder_code,
        cells.period_code,
        cells.segment_code,
        kpis.kpi_code,
        cells.disclosure,
        cells.respondent_count as n,
        case
            when kpis.kpi_method = 'respondent_count' then cast(cells.respondent_count as double)
            -- More answers than people invited: the declared number cannot be right.
            when kpis.kpi_method = 'response_rate' and cells.respondent_count <= cells.invited_count
                then kpis.share_scale * cells.respondent_count / cast(cells.invited_count as double)
            when kpis.kpi_method = 'index_coverage'
                then
                    kpis.share_scale * coalesce(present_dimensions.present_count, 0)
                    / cast(declared_dimensions.declared_count as double)
        end as value
    from cells
    inner join kpis
        on
            -- rows about people nobody asked count no respondents
            (kpis.kpi_method = 'respondent_count' and cells.has_respondents and cells.is_answered)
            or (kpis.kpi_method = 'response_rate' and cells.invited_count is not null)
            or (
                kpis.kpi_method = 'index_coverage' and cells.has_dimensions and cells.segment_code = 'all'
            )
    left join declared_dimensions on cells.stakeholder_code = declared_dimensions.stakeholder_code
    left join present_dimensions
        on
            cells.unit_code = present_dimensions.unit_code
            and cells.stakeholder_code = present_dimensions.stakeholder_code
            and cells.period_code = present_dimensions.period_code

),

-- Where only measures describe a group, the best known number of answers stands for its respondents.
reported_respondents as (

    select
        measures.unit_code,
        measures.stakeholder_code,
        measures.period_code,
        measures.segment_code,
        kpis.kpi_code,
        case
            when count(*) = count(case when measures.disclosure = 'already_public' then 1 end) then 'already_public'
            else 'standard'
        end as disclosure,
        max(measures.n) as n,
        cast(max(measures.n) as double) as value
    from measures
    inner join kpis on kpis.kpi_method = 'respondent_count' and measures.is_reported
    where not exists (
        select 1
        from cells
        where
            cells.unit_code = measures.unit_code
            and cells.stakeholder_code = measures.stakeholder_code
            and cells.period_code = measures.period_code
            and cells.has_respondents
    )
    group by 1, 2, 3, 4, 5
    having max(measures.n) is not null

),

exact_rows as (

    select
        unit_code,
        stakeholder_code,
        period_code,
        segment_code,
        kpi_code,
        'all' as dimension_code,
        disclosure,
        case when n > 0 then value end as value,
        n,
        'count' as method,
        cast(null as double) as interval_centre,
        cast(null as double) as interval_variance,
        cast(null as bigint) as degrees_of_freedom,
        value as change_centre,
        cast(null as double) as change_variance
    from (
        select unit_code, stakeholder_code, period_code, segment_code, kpi_code, disclosure, n, value
        from exact_figures
        union all
        select unit_code, stakeholder_code, period_code, segment_code, kpi_code, disclosure, n, value
        from reported_respondents
    ) as figures

),

-- Balance has no change: the groups and dimensions behind it differ from one period to the next.
group_rows as (

    select
        unit_code,
        'all' as stakeholder_code,
        period_code,
        'all' as segment_code,
        kpi_code,
        'all' as dimension_code,
        disclosure,
        value,
        n,
        method,
        value as interval_centre,
        interval_variance,
        cast(null as bigint) as degrees_of_freedom,
        case when method = 'point' then value end as change_centre,
        cast(null as double) as change_variance
    from {{ ref('int_groups__balanced') }}

),

estimates as (

    {%- for rows in [
        'mean_rows', 'net_promoter_rows', 'share_rows', 'reported_rows', 'index_rows', 'exact_rows', 'group_rows'
    ] %}
    select
        *,
        'all' as counterparty_code
    from {{ rows }}
    union all
    {%- endfor %}
    select * from mirrored_rows

)

-- A normal approximation is cut at the ends of its scale; a t interval is left as the formula gives it.
select
    estimates.unit_code,
    estimates.stakeholder_code,
    estimates.period_code,
    estimates.segment_code,
    estimates.counterparty_code,
    estimates.kpi_code,
    estimates.dimension_code,
    estimates.disclosure,
    estimates.value,
    estimates.n,
    case when estimates.value is not null then estimates.method end as method,
    case
        when estimates.value is not null and estimates.interval_variance is not null then greatest(
            estimates.interval_centre
            - coalesce(t_quantiles.t_975, {{ z_975() }}) * sqrt(estimates.interval_variance),
            case when estimates.degrees_of_freedom is null then kpis.range_low end
        )
    end as ci_low,
    case
        when estimates.value is not null and estimates.interval_variance is not null then least(
            estimates.interval_centre
            + coalesce(t_quantiles.t_975, {{ z_975() }}) * sqrt(estimates.interval_variance),
            case when estimates.degrees_of_freedom is null then kpis.range_high end
        )
    end as ci_high,
    estimates.degrees_of_freedom,
    estimates.change_centre,
    estimates.change_variance,
    kpis.kpi_method,
    kpis.range_high - kpis.range_low as range_width
from estimates
inner join kpis on estimates.kpi_code = kpis.kpi_code
left join {{ source('declared', 't_quantiles') }} as t_quantiles
    on {{ t_table_df('estimates.degrees_of_freedom') }} = t_quantiles.df
