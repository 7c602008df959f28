select stakeholder_code, label_fr, label_en, threshold_count, about_code, sort_order
from {{ source('declared', 'stakeholders') }}
