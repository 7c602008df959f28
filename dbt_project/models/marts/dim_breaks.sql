select stakeholder_code, source_code, starts_date, period_code, label_fr, label_en, is_comparable
from {{ source('declared', 'breaks') }}
