{#-
    SQL fragments that turn one source's answers into scores, on a row of raw.responses.

    `items` are dicts of response_items(); `present` are the columns raw.responses really has. An item without
    a column counts as unanswered. Arithmetic is per row, so doubles are safe here; what is stored is a decimal.
-#}

{#- Points an answer is above the lowest one, or below the highest where the item is worded the other way round. -#}
{% macro points(item) -%}
    {%- set column = 'cast(responses.' ~ adapter.quote(item.raw_column) ~ ' as double)' -%}
    {{ item.max_value ~ ' - ' ~ column if item.is_reversed else column ~ ' - ' ~ item.min_value }}
{%- endmacro %}


{#- Percentage of the maximum possible, 0-100, where half of the items are answered: the mean over answered items of
    100 (x - min) / (max - min), reversed ones flipped. -#}
{% macro dimension_score(items, present) -%}
    {%- set answered = items | selectattr('raw_column', 'in', present) | list -%}
    {%- if not answered -%}
        cast(null as decimal(15, 12))
    {%- else -%}
        {%- set count_sql -%}
            (
            {%- for item in answered -%}
            {{ ' + ' if not loop.first }}cast(responses.{{ adapter.quote(item.raw_column) }} is not null as integer)
            {%- endfor -%}
            )
        {%- endset -%}
        case
            when 2 * {{ count_sql }} >= {{ items | length }} then cast((
                {%- for item in answered %}
                {{ '+ ' if not loop.first }}coalesce(
                    100 * ({{ points(item) }}) / {{ item.max_value - item.min_value }}, 0
                )
                {%- endfor %}
            ) / {{ count_sql }} as decimal(15, 12))
        end
    {%- endif -%}
{%- endmacro %}


{#- The answer to an outcome question, on its own scale. -#}
{% macro outcome_value(items, present) -%}
    {%- set answered = items | selectattr('raw_column', 'in', present) | list -%}
    {%- if not answered -%} cast(null as decimal(12, 6))
    {%- else -%} cast({{ points(answered[0]) }} + {{ answered[0].min_value }} as decimal(12, 6))
    {%- endif -%}
{%- endmacro %}


{#- The answer to an outcome question brought to 0-100, for means over surveys with different scales. -#}
{% macro outcome_score(items, present) -%}
    {{ dimension_score(items[:1], present) }}
{%- endmacro %}


{#- Whether the answer is among the highest ones declared for this KPI and number of points; null where the
    scale has no declared top. -#}
{% macro is_top(kpi_code, items, present, boxes) -%}
    {%- set answered = items | selectattr('raw_column', 'in', present) | list -%}
    {%- set item = answered[0] if answered else none -%}
    {%- set box = boxes | selectattr('kpi_code', 'equalto', kpi_code)
        | selectattr('points', 'equalto', item.points) | first if item else none -%}
    {%- if not box -%} cast(null as boolean)
    {%- else -%} {{ points(item) }} > {{ item.max_value - item.min_value - box.top_count }}
    {%- endif -%}
{%- endmacro %}


{#- Lived less proclaimed, -100 to 100, of who answered both (one respondent, two answers: a paired difference). -#}
{% macro say_do_score(items, present) -%}
    {%- set lived = items | selectattr('facet', 'equalto', 'lived') | list -%}
    {%- set proclaimed = items | selectattr('facet', 'equalto', 'proclaimed') | list -%}
    cast({{ dimension_score(lived, present) }} - {{ dimension_score(proclaimed, present) }} as decimal(15, 12))
{%- endmacro %}


{#- Whether the answer lies between two answers, both included. -#}
{% macro is_between(kpi, items, present) -%}
    {{ outcome_value(items, present) }} between {{ kpi.from_value }} and {{ kpi.to_value }}
{%- endmacro %}


{#- Whether a comment touches a theme; null where there is no comment. -#}
{% macro is_on_theme(theme_code, present) -%}
    {%- if 'comment_themes' not in present -%} cast(null as boolean)
    {%- else -%} {{ array_contains('responses.comment_themes', literal(theme_code)) }}
    {%- endif -%}
{%- endmacro %}


{% macro array_contains(array, element) %}{{ return(adapter.dispatch('array_contains')(array, element)) }}{% endmacro %}
{% macro default__array_contains(array, element) %}array_contains({{ array }}, {{ element }}){% endmacro %}
{% macro duckdb__array_contains(array, element) %}list_contains({{ array }}, {{ element }}){% endmacro %}


{#- The declared group of a respondent: its code, or the segment's `other` where the text is not declared. -#}
{% macro segment_code(group, texts, present) -%}
    {%- set column = 'responses.' ~ adapter.quote('segment_' ~ group) -%}
    {%- if 'segment_' ~ group not in present -%} {{ literal(group ~ '__other') }}
    {%- else -%}
        case {{ column }}
            {%- for row in texts | selectattr('segment_group', 'equalto', group) %}
            when {{ literal(row.text) }} then {{ literal(row.segment_code) }}
            {%- endfor %}
            else {{ literal(group ~ '__other') }}
        end
    {%- endif -%}
{%- endmacro %}
