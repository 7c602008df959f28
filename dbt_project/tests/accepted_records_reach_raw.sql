-- The ledger's accepted count of every file is the number of records its raw view holds. It breaks when a view
-- misses a file, lists one twice, or a file was rewritten after it was counted.
with

raw_records as (

    select source_code, file_id, sum(coalesce(records, 1)) as record_count
    from {{ source('raw', 'responses') }}
    group by 1, 2
    union all
    select source_code, file_id, count(distinct record_number) as record_count
    from {{ source('raw', 'events') }}
    group by 1, 2
    union all
    select source_code, file_id, count(distinct record_number) as record_count
    from {{ source('raw', 'measures') }}
    group by 1, 2
    union all
    select
        source_code,
        file_id,
        -- a line of a profit and loss statement is a row per month
        count(*) filter (where journal_code is distinct from 'PNL')
        + count(distinct record_number) filter (where journal_code = 'PNL') as record_count
    from {{ source('raw', 'ledger_lines') }}
    group by 1, 2

)

select files.file_id, files.accepted_count, raw_records.record_count
from {{ ref('stg_files') }} as files
full join raw_records on files.source_code = raw_records.source_code and files.file_id = raw_records.file_id
where
    (files.status = 'accepted' or raw_records.file_id is not null)
    and coalesce(raw_records.record_count, 0) <> coalesce(files.accepted_count, -1)
