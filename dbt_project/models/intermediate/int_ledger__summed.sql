-- depends_on: {{ source('declared', 'unit_aliases') }}
{# Lines given to a unit by the home's rules, first match wins, then summed: exact, by unit, month and account. -#}
{%- set rules = ledger_rules() -%}
{%- set alias_sources = rules | map(attribute='alias_source_code') | select | unique | list -%}

with

lines as (

    select * from {{ ref('stg_ledger_lines') }}

),

ruled as (

    select
        lines.month_start_date,
        lines.account_code,
        lines.net_amount,
        case
            {%- for rule in rules %}
            {%- if rule.alias_source_code %}
            {%- set unit = 'aliases_' ~ alias_sources.index(rule.alias_source_code) ~ '.unit_code' %}
            when {{ unit }} is not null
            {%- else %}
            {%- set unit = literal(rule.unit_code) %}
            when true
            {%- endif %}
            {%- for column, prefix in {
                'account_code': rule.account_prefix,
                'piece_ref': rule.piece_prefix,
                'auxiliary_code': rule.auxiliary_prefix,
            }.items() if prefix %}
                and starts_with(lines.{{ column }}, {{ literal(prefix) }})
            {%- endfor %}
            {%- if rule.journal_code %}
                and lines.journal_code = {{ literal(rule.journal_code) }}
            {%- endif %}
                then {{ unit }}
            {%- else %}
            when false then 'unassigned'
            {%- endfor %}
            else 'unassigned'
        end as ruled_unit_code
    from lines
    {%- for alias_source in alias_sources %}
    left join {{ source('declared', 'unit_aliases') }} as aliases_{{ loop.index0 }}
        on
            aliases_{{ loop.index0 }}.source_code = {{ literal(alias_source) }}
            and lines.auxiliary_code = aliases_{{ loop.index0 }}.alias
    {%- endfor %}

)

-- A line whose unit does not exist at the end of its month stays unassigned rather than vanish from the root.
select
    coalesce(closure.unit_code, 'unassigned') as unit_code,
    ruled.month_start_date,
    ruled.account_code,
    sum(ruled.net_amount) as net_amount,
    count(*) as line_count
from ruled
left join {{ source('declared', 'unit_closure') }} as closure
    on
        ruled.ruled_unit_code = closure.unit_code
        and closure.depth = 0
        and cast({{ dbt.last_day('ruled.month_start_date', 'month') }} as date)
            between closure.valid_from and closure.valid_to
group by 1, 2, 3
