select
    dimension_code,
    label_fr,
    label_en,
    definition_fr,
    definition_en,
    weight,
    mirror_id,
    sort_order
from {{ source('declared', 'dimensions') }}
