-- A survey asks each outcome once: with two questions for one outcome, which answer counts would be an accident of
-- their order. It breaks when a source declares the same outcome on two items.
select source_code, target_code, count(*) as item_count
from {{ source('declared', 'items') }}
where role = 'outcome'
group by 1, 2
having count(*) > 1
