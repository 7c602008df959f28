select
    dimension_code,
    'dimension' as kind,
    label_fr,
    label_en,
    definition_fr,
    definition_en,
    weight,
    mirror_id,
    sort_order
from {{ source('declared', 'dimensions') }}
union all
select
    aspect_code as dimension_code,
    kind,
    label_fr,
    label_en,
    coalesce(definition_fr, label_fr) as definition_fr,
    coalesce(definition_en, label_en) as definition_en,
    cast(null as double) as weight,
    cast(null as {{ dbt.type_string() }}) as mirror_id,
    sort_order
from {{ source('declared', 'aspects') }}
