{#- How many respondents two groups of different segments share: without it the mask could not tell whether one group
    lies inside another, and what their difference would isolate. Never published. -#}
{%- set segments = cut_segments() -%}
{%- set pairs = [] -%}
{%- for one in segments -%}
    {%- for other in segments[loop.index:] -%}{%- do pairs.append([one, other]) -%}{%- endfor -%}
{%- endfor -%}

with

closure as (

    select ancestor_code, unit_code, valid_from, valid_to
    from {{ source('declared', 'unit_closure') }}

),

crossed as (

    {%- for one, other in pairs or [[none, none]] %}
    select distinct
        placed_unit_code,
        stakeholder_code,
        period_code,
        closed_date,
        {{ one ~ '_segment' if one else literal(none) }} as segment_code_a,
        {{ other ~ '_segment' if other else literal(none) }} as segment_code_b,
        -- as respondents are counted: who can be followed counts once
        coalesce(respondent_key, source_code || '/' || response_key) as person_key
    from {{ ref('int_responses__placed') }}
    where {{ 'is_respondent and ' ~ one ~ '_segment is not null and ' ~ other ~ '_segment is not null' if one else 'false' }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}

)

select
    closure.ancestor_code as unit_code,
    crossed.stakeholder_code,
    crossed.period_code,
    crossed.segment_code_a,
    crossed.segment_code_b,
    cast(count(distinct crossed.person_key) as integer) as people
from crossed
inner join closure
    on
        crossed.placed_unit_code = closure.unit_code
        and crossed.closed_date between closure.valid_from and closure.valid_to
group by 1, 2, 3, 4, 5
