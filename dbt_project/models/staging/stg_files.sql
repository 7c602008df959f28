select
    -- keys
    source_code,
    kind,
    file_id,
    wave_code,

    -- attributes
    status,

    -- measures
    records as record_count,
    accepted as accepted_count,
    quarantined as quarantined_count,
    duplicate as duplicate_count,
    unknown_unit_count,
    out_of_scale_count
from {{ source('raw', 'files') }}
