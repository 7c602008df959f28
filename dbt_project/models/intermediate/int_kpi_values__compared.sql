with

estimated as (

    select * from {{ ref('int_kpi_values__estimated') }}

),

indices as (

    select * from {{ ref('int_indices__estimated') }}

),

-- An index is compared on the dimensions present on both sides; fewer than half left, and there is no change.
index_pairs as (

    select
        now.unit_code,
        now.stakeholder_code,
        now.period_code,
        now.segment_code,
        now.index_value - before.index_value as change_value,
        now.index_variance as variance_now,
        before.index_variance as variance_before,
        now.response_count - 1 as df_now,
        before.response_count - 1 as df_before
    from indices as own
    inner join indices as now
        on
            own.unit_code = now.unit_code
            and own.stakeholder_code = now.stakeholder_code
            and own.period_code = now.period_code
            and own.segment_code = now.segment_code
            and own.compared_dimension_set = now.dimension_set
    inner join {{ ref('int_periods__compared') }} as periods on own.period_code = periods.period_code
    inner join indices as before
        on
            own.unit_code = before.unit_code
            and own.stakeholder_code = before.stakeholder_code
            and periods.compared_period_code = before.period_code
            and own.segment_code = before.segment_code
            and own.compared_dimension_set = before.dimension_set
    where own.is_own_set

),

-- KPIs and pairs of periods on two sides of a new version that is not comparable: what a survey estimates when the
-- survey changed, else the figures of the source that changed; and the balance of all groups.
across_breaks as (

    select distinct
        kpis.kpi_code,
        periods.period_code,
        case when kpis.method = 'group_balance' then 'all' else breaks.stakeholder_code end as stakeholder_code
    from {{ source('declared', 'breaks') }} as breaks
    inner join {{ source('declared', 'sources') }} as sources on breaks.source_code = sources.source_code
    inner join {{ ref('int_periods__compared') }} as periods on breaks.starts_date <= periods.end_date
    inner join {{ source('declared', 'periods') }} as compared
        on periods.compared_period_code = compared.period_code and breaks.starts_date > compared.end_date
    cross join {{ source('declared', 'kpis') }} as kpis
    left join {{ source('declared', 'measures') }} as measures
        on kpis.kpi_code = measures.kpi_code
    where
        not breaks.is_comparable
        and case
            when sources.kind = 'responses' then measures.kpi_code is null
            else measures.source_code = breaks.source_code
        end

),

pairs as (

    select
        now.unit_code,
        now.stakeholder_code,
        now.period_code,
        now.segment_code,
        now.counterparty_code,
        now.kpi_code,
        now.dimension_code,
        before.period_code as compared_period_code,
        across_breaks.kpi_code is not null as is_broken,
        case
            when across_breaks.kpi_code is not null then null
            when now.kpi_method = 'weighted_index' then index_pairs.change_value
            else now.value - before.value
        end as change_value,
        case
            when now.kpi_method = 'weighted_index' then index_pairs.change_value
            else now.change_centre - before.change_centre
        end as centre,
        case
            when across_breaks.kpi_code is not null then null
            when now.kpi_method = 'weighted_index' then index_pairs.variance_now
            else now.change_variance
        end as variance_now,
        case when now.kpi_method = 'weighted_index' then index_pairs.variance_before else before.change_variance end
            as variance_before,
        case when now.kpi_method = 'weighted_index' then index_pairs.df_now else now.degrees_of_freedom end
            as df_now,
        case when now.kpi_method = 'weighted_index' then index_pairs.df_before else before.degrees_of_freedom end
            as df_before,
        -- The smallest effect of interest is given for a 0-100 scale; a shorter scale has a smaller one.
        organisation.smallest_effect * least(now.range_width / 100, 1) as smallest_effect,
        case when now.degrees_of_freedom is null and now.kpi_method <> 'weighted_index' then now.range_width end
            as widest_change
    from estimated as now
    cross join {{ source('declared', 'organisation') }} as organisation
    inner join {{ ref('int_periods__compared') }} as periods on now.period_code = periods.period_code
    inner join estimated as before
        on
            periods.compared_period_code = before.period_code
            and now.unit_code = before.unit_code
            and now.stakeholder_code = before.stakeholder_code
            and now.segment_code = before.segment_code
            and now.counterparty_code = before.counterparty_code
            and now.kpi_code = before.kpi_code
            and now.dimension_code = before.dimension_code
    left join index_pairs
        on
            now.unit_code = index_pairs.unit_code
            and now.stakeholder_code = index_pairs.stakeholder_code
            and now.period_code = index_pairs.period_code
            and now.segment_code = index_pairs.segment_code
            and now.kpi_method = 'weighted_index'
    left join across_breaks
        on
            now.stakeholder_code = across_breaks.stakeholder_code
            and now.kpi_code = across_breaks.kpi_code
            and now.period_code = across_breaks.period_code
    where
        now.value is not null
        and before.value is not null
        and (now.change_centre is not null or index_pairs.change_value is not null)

),

-- Welch's degrees of freedom; two sides without any spread leave nothing to approximate.
spreads as (

    select
        *,
        sqrt(variance_now + variance_before) as standard_error,
        case
            when df_now is null or df_before is null then null
            when variance_now + variance_before > 0
                then
                    pow(variance_now + variance_before, 2)
                    / (pow(variance_now, 2) / df_now + pow(variance_before, 2) / df_before)
            else df_now + df_before
        end as degrees_of_freedom
    from pairs

),

changes as (

    select
        spreads.*,
        case
            when spreads.standard_error is not null then greatest(
                spreads.centre - coalesce(t_quantiles.t_975, {{ z_975() }}) * spreads.standard_error,
                -spreads.widest_change
            )
        end as change_ci_low,
        case
            when spreads.standard_error is not null then least(
                spreads.centre + coalesce(t_quantiles.t_975, {{ z_975() }}) * spreads.standard_error,
                spreads.widest_change
            )
        end as change_ci_high
    from spreads
    left join {{ source('declared', 't_quantiles') }} as t_quantiles
        on {{ t_table_df('spreads.degrees_of_freedom') }} = t_quantiles.df

)

select
    estimated.unit_code,
    estimated.period_code,
    estimated.stakeholder_code,
    estimated.segment_code,
    estimated.counterparty_code,
    estimated.kpi_code,
    estimated.dimension_code,
    estimated.value,
    cast(estimated.n as integer) as n,
    estimated.ci_low,
    estimated.ci_high,
    estimated.method,
    case when estimated.value is null then 'not_enough_data' else 'published' end as status,
    changes.compared_period_code,
    changes.change_value,
    changes.change_ci_low,
    changes.change_ci_high,
    case
        when changes.is_broken then 'not_comparable'
        when changes.change_ci_low is null then null
        when changes.change_ci_low <= 0 and changes.change_ci_high >= 0 then 'noise'
        when abs(changes.change_value) >= changes.smallest_effect then 'real_and_large'
        else 'small_but_real'
    end as change_label,
    -- Filled from what is published: see pipelines/derive.
    cast(null as double) as change_p_value,
    cast(null as {{ dbt.type_string() }}) as verdict_code,
    cast(null as double) as ranking_value,
    estimated.disclosure,
    organisation.definition_version,
    organisation.as_of_date
from estimated
cross join {{ source('declared', 'organisation') }} as organisation
left join changes
    on
        estimated.unit_code = changes.unit_code
        and estimated.stakeholder_code = changes.stakeholder_code
        and estimated.period_code = changes.period_code
        and estimated.segment_code = changes.segment_code
        and estimated.counterparty_code = changes.counterparty_code
        and estimated.kpi_code = changes.kpi_code
        and estimated.dimension_code = changes.dimension_code
