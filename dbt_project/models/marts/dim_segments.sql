select segment_code, segment_group, label_fr, label_en, sort_order
from {{ source('declared', 'segments') }}
