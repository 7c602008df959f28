select segment_code, label_fr, label_en, sort_order
from {{ source('declared', 'segments') }}
