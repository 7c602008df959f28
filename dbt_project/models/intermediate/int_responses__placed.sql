{{ config(materialized='view') }}

-- A wave counts once it is closed: publishing half a fieldwork and then the whole would reveal the second half.
-- A unit that the tree does not know at the close keeps its answers in `unassigned`, hence in the root.
select
    responses.*,
    coalesce(closure.unit_code, 'unassigned') as placed_unit_code
from {{ ref('stg_responses') }} as responses
inner join {{ source('declared', 'organisation') }} as organisation
    on responses.closed_date <= organisation.as_of_date
left join {{ source('declared', 'unit_closure') }} as closure
    on
        responses.unit_code = closure.unit_code
        and closure.depth = 0
        and responses.closed_date between closure.valid_from and closure.valid_to
