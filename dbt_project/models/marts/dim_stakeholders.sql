select stakeholder_code, label_fr, label_en, threshold_count, sort_order
from {{ source('declared', 'stakeholders') }}
