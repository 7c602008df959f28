{#- Read by one model, which keeps sums only: a view, so that nothing is stored twice. -#}
{%- set scales = item_scales() -%}
{%- set present = raw_response_columns() -%}

{%- for scale in scales or [none] %}
select
    -- keys
    responses.source_code,
    responses.wave_code,
    {{ period_start('responses.submitted_date') }} as period_start_date,
    {{ literal(scale.dimension_code if scale else none) }} as dimension_code,

    -- measures: 0-100, reversed items flipped
    {%- for place in range(largest_scale(scales)) %}
    {%- set own = ([scale['items'][place]] if scale and place < scale['items'] | length else []) %}
    {{ dimension_score(own, present) }} as item_{{ place + 1 }}_score{{ ',' if not loop.last }}
    {%- else %}
    cast(null as decimal(15, 12)) as item_1_score
    {%- endfor %}
from {{ source('raw', 'responses') }} as responses
where
    {{ "responses.source_code = " ~ literal(scale.source_code) if scale else "false" }}
    and not coalesce(responses.is_test, false)
{{ 'union all' if not loop.last }}
{%- endfor %}
