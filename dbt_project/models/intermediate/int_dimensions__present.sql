with

declared_dimensions as (

    select
        dimension_stakeholders.stakeholder_code,
        dimensions.dimension_code,
        dimensions.weight,
        count(*) over (partition by dimension_stakeholders.stakeholder_code) as declared_count
    from {{ source('declared', 'dimension_stakeholders') }} as dimension_stakeholders
    inner join {{ source('declared', 'dimensions') }} as dimensions
        on dimension_stakeholders.dimension_code = dimensions.dimension_code

)

-- A dimension with fewer answers than the threshold is never published, so it may not weigh in what is.
select
    cells.unit_code,
    cells.stakeholder_code,
    cells.period_code,
    cells.segment_code,
    cells.dimension_code,
    cells.answer_count,
    cast(cells.total as double) / cells.answer_count as mean_score,
    declared_dimensions.weight,
    declared_dimensions.declared_count,
    stakeholders.about_code is null as is_group
from {{ ref('int_cells__unpivoted') }} as cells
inner join declared_dimensions
    on
        cells.stakeholder_code = declared_dimensions.stakeholder_code
        and cells.dimension_code = declared_dimensions.dimension_code
inner join {{ source('declared', 'kpis') }} as kpis
    on cells.kpi_code = kpis.kpi_code and kpis.method = 'pomp_mean'
inner join {{ source('declared', 'stakeholders') }} as stakeholders
    on cells.stakeholder_code = stakeholders.stakeholder_code
where cells.answer_count >= stakeholders.threshold_count
