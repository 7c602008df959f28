select relation_code, kind, stakeholder_code, counterparty_code, label_fr, label_en, sort_order
from {{ source('declared', 'relations') }}
