-- The root of each stakeholder and period holds every closed response once, and a parent never fewer than its
-- children. It breaks when two versions of a unit are valid on the same day, or a unit is left out of the tree.
with

closed as (

    select stakeholder_code, period_code, count(*) as response_count
    from {{ ref('int_responses__placed') }}
    group by 1, 2

),

root as (

    select cells.stakeholder_code, cells.period_code, cells.response_count
    from {{ ref('int_cells__rolled_up') }} as cells
    inner join {{ source('declared', 'organisation') }} as organisation
        on cells.unit_code = organisation.root_unit_code and cells.segment_code = 'all'

)

select closed.stakeholder_code, closed.period_code, closed.response_count, root.response_count as root_count
from closed
full join root on closed.stakeholder_code = root.stakeholder_code and closed.period_code = root.period_code
where closed.response_count is distinct from root.response_count
