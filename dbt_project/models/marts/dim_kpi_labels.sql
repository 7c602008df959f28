select kpi_code, stakeholder_code, label_fr, label_en
from {{ source('declared', 'kpi_labels') }}
