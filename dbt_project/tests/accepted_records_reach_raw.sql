-- The ledger's accepted count of every file is the number of rows its raw view holds. It breaks when a view
-- misses a file, lists one twice, or a file was rewritten after it was counted.
with

raw_rows as (

    select file_id, count(*) as row_count
    from {{ source('raw', 'responses') }}
    group by 1
    union all
    select file_id, count(*) as row_count
    from {{ source('raw', 'ledger_lines') }}
    group by 1

)

select files.file_id, files.accepted_count, raw_rows.row_count
from {{ ref('stg_files') }} as files
full join raw_rows on files.file_id = raw_rows.file_id
where
    (files.status = 'accepted' or raw_rows.file_id is not null)
    and files.kind <> 'measures'
    and coalesce(raw_rows.row_count, 0) <> coalesce(files.accepted_count, -1)
