-- Every month with ledger lines belongs to a fiscal year whose accounts are mapped. It breaks when finance.yml stops
-- before the ledger does: the year would show zeros for figures nobody defined.
select distinct lines.month_start_date
from {{ ref('stg_ledger_lines') }} as lines
left join {{ source('declared', 'periods') }} as months
    on months.grain = 'month' and lines.month_start_date = months.start_date
where not exists (
    select 1
    from {{ source('declared', 'account_map') }} as account_map
    where account_map.fiscal_year = months.fiscal_year
)
