select
    kpis.kpi_code,
    kpis.label_fr,
    kpis.label_en,
    kpis.definition_fr,
    kpis.definition_en,
    kpis.formula_fr,
    kpis.formula_en,
    kpis.idea_fr,
    kpis.idea_en,
    kpis.unit_of_measure,
    kpis.range_low,
    kpis.range_high,
    kpis.target_value,
    kpis.better,
    kpis.domain,
    kpis.is_derived,
    kpis.needs_fr,
    kpis.needs_en,
    organisation.definition_version,
    kpis.sort_order
from {{ source('declared', 'kpis') }} as kpis
cross join {{ source('declared', 'organisation') }} as organisation
