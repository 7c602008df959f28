with recursive

versions as (

    select
        *,
        row_number() over (partition by unit_code order by valid_from desc) as version_rank,
        min(valid_from) over (partition by unit_code) as first_valid_date,
        max(valid_to) over (partition by unit_code) as last_valid_date
    from {{ source('declared', 'units') }}

),

-- A unit that moved is shown where it is now; figures keep the tree of their own period.
units as (

    select * from versions
    where version_rank = 1

),

placed as (

    select unit_code, 0 as unit_level, cast(unit_code as varchar) as path_codes
    from units
    where parent_code is null
    union all
    select
        units.unit_code,
        placed.unit_level + 1 as unit_level,
        placed.path_codes || '/' || units.unit_code as path_codes
    from units
    inner join placed on units.parent_code = placed.unit_code

)

select
    units.unit_code,
    units.parent_code,
    units.label_fr,
    units.label_en,
    placed.unit_level,
    not exists (
        select 1
        from units as children
        where children.parent_code = units.unit_code
    ) as is_leaf,
    placed.path_codes,
    units.first_valid_date as valid_from_date,
    units.last_valid_date as valid_to_date,
    units.sort_order
from units
inner join placed on units.unit_code = placed.unit_code
