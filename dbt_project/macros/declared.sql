{#-
    What the home declares, read when a model runs.

    The SQL of staging is written from these lists, so adding a survey changes no file and re-parses nothing.
    Each returns a list of plain dicts, empty while dbt only parses or where the table does not exist yet;
    unit tests override them. `tables` names the declared tables a query reads, which also puts them in the graph.
-#}
{% macro declared_rows(query, tables) %}
    {%- set absent = [] -%}
    {%- for table in tables -%}
        {%- set relation = source('declared', table) -%}
        {%- if execute and load_relation(relation) is none -%}{%- do absent.append(table) -%}{%- endif -%}
    {%- endfor -%}
    {%- set found = [] -%}
    {%- if execute and not absent -%}
        {%- for row in run_query(query).rows -%}{%- do found.append(row.dict()) -%}{%- endfor -%}
    {%- endif -%}
    {{ return(found) }}
{% endmacro %}


{#- month, quarter or year: the grain every relational KPI is given at. -#}
{% macro scorecard_grain() %}
    {%- set rows = declared_rows('select scorecard_grain from declared.organisation', ['organisation']) -%}
    {{ return(rows[0].scorecard_grain if rows else 'quarter') }}
{% endmacro %}


{#- First day of the scorecard's period that holds a day. -#}
{% macro period_start(day) -%}
    {%- set grain = scorecard_grain() -%}
    {%- if grain != 'fiscal_year' -%}
        cast({{ dbt.date_trunc(grain, day) }} as date)
    {%- else -%}
        {%- set rows = declared_rows('select fiscal_year_start_month from declared.organisation', ['organisation']) -%}
        {%- set months = rows[0].fiscal_year_start_month - 1 -%}
        cast({{ dbt.dateadd('month', months, dbt.date_trunc('year', dbt.dateadd('month', -months, day))) }} as date)
    {%- endif -%}
{%- endmacro %}


{% macro response_sources() %}
    {{ return(declared_rows(
        "select source_code, stakeholder_code, subject, is_continuous, is_respondents from declared.sources "
        ~ "where kind = 'responses' order by source_code",
        ['sources']
    )) }}
{% endmacro %}


{#- Every declared item of every survey: where its answers are, what it measures, its scale. -#}
{% macro response_items() %}
    {{ return(declared_rows(
        "select items.source_code, items.raw_column, items.role, items.target_code, items.facet, items.min_value, "
        ~ "items.max_value, items.is_reversed, items.points from declared.items as items "
        ~ "order by items.source_code, items.item_code",
        ['items']
    )) }}
{% endmacro %}


{#- Dimensions some survey asks about, in the framework's order. -#}
{% macro scored_dimensions() %}
    {%- set rows = declared_rows(
        "select dimension_code from declared.dimensions where dimension_code in "
        ~ "(select target_code from declared.items where role = 'dimension') "
        ~ "order by sort_order, dimension_code",
        ['dimensions', 'items']
    ) -%}
    {{ return(rows | map(attribute='dimension_code') | list) }}
{% endmacro %}


{#- Outcomes some survey asks about (satisfaction, recommend, effort...). -#}
{% macro asked_outcomes() %}
    {%- set rows = declared_rows(
        "select distinct target_code as outcome_code from declared.items where role = 'outcome' order by 1",
        ['items']
    ) -%}
    {{ return(rows | map(attribute='outcome_code') | list) }}
{% endmacro %}


{#- Dimensions that one survey asks by two items or more: dicts of source_code, dimension_code, items. -#}
{% macro item_scales() %}
    {%- set scales = [] -%}
    {%- set items = response_items() | selectattr('role', 'equalto', 'dimension') | list -%}
    {%- for source, own in items | groupby('source_code') -%}
        {%- for dimension, asked in own | groupby('target_code') if asked | length > 1 -%}
            {%- do scales.append({'source_code': source, 'dimension_code': dimension, 'items': asked}) -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ return(scales) }}
{% endmacro %}


{#- How many items the longest of them has. -#}
{% macro largest_scale(scales) %}
    {%- set lengths = [] -%}
    {%- for scale in scales -%}{%- do lengths.append(scale['items'] | length) -%}{%- endfor -%}
    {{ return(lengths | max if lengths else 0) }}
{% endmacro %}


{#- KPIs of one method whose outcome some survey asks about: dicts of kpi_code, outcome_code and the answers that
    count: from_value, to_value, promoters_from, detractors_to. -#}
{% macro outcome_kpis(method) %}
    {{ return(declared_rows(
        "select kpi_code, outcome_code, from_value, to_value, promoters_from, detractors_to from declared.kpis "
        ~ "where method = '" ~ method ~ "' and outcome_code in "
        ~ "(select target_code from declared.items where role = 'outcome') order by kpi_code",
        ['kpis', 'items']
    )) }}
{% endmacro %}


{#- Values that some survey asks about both as proclaimed and as lived, for each KPI that compares the two. -#}
{% macro say_do_values() %}
    {{ return(declared_rows(
        "select kpis.kpi_code, asked.value_code from declared.kpis as kpis cross join ("
        ~ "select distinct one.target_code as value_code from declared.items as one "
        ~ "inner join declared.items as other on one.source_code = other.source_code "
        ~ "and one.target_code = other.target_code and other.role = 'value' and other.facet = 'lived' "
        ~ "where one.role = 'value' and one.facet = 'proclaimed') as asked "
        ~ "where kpis.method = 'say_do' order by kpis.kpi_code, asked.value_code",
        ['kpis', 'items']
    )) }}
{% endmacro %}


{#- Themes that comments are sorted by, for each KPI made of them. -#}
{% macro comment_themes() %}
    {{ return(declared_rows(
        "select kpis.kpi_code, aspects.aspect_code as theme_code from declared.kpis as kpis "
        ~ "cross join declared.aspects as aspects where kpis.method = 'theme_share' and aspects.kind = 'theme' "
        ~ "and exists (select 1 from declared.items where target_code = 'comment_tone') "
        ~ "order by kpis.kpi_code, aspects.sort_order",
        ['kpis', 'aspects', 'items']
    )) }}
{% endmacro %}


{#- What is averaged: a `<column>_score` per response, for a KPI and dimension. -#}
{% macro mean_columns() %}
    {%- set found = [] -%}
    {%- for kpi_code in kpis_of('pomp_mean') -%}
        {%- for dimension in scored_dimensions() -%}
            {%- do found.append({'kpi': kpi_code, 'dimension': dimension, 'column': dimension}) -%}
        {%- endfor -%}
    {%- endfor -%}
    {%- for kpi in outcome_kpis('outcome_mean') + outcome_kpis('value_mean') -%}
        {%- do found.append({'kpi': kpi.kpi_code, 'dimension': 'all', 'column': kpi.kpi_code}) -%}
    {%- endfor -%}
    {%- for pair in say_do_values() -%}
        {%- set column = pair.kpi_code ~ '__' ~ pair.value_code -%}
        {%- do found.append({'kpi': pair.kpi_code, 'dimension': pair.value_code, 'column': column}) -%}
    {%- endfor -%}
    {{ return(found) }}
{% endmacro %}


{#- What is a share: an `is_<column>_top` per response, true, false or unanswered. -#}
{% macro share_columns() %}
    {%- set found = [] -%}
    {%- for kpi in outcome_kpis('top_box') + outcome_kpis('share_between') -%}
        {%- do found.append({'kpi': kpi.kpi_code, 'dimension': 'all', 'column': kpi.kpi_code}) -%}
    {%- endfor -%}
    {%- for pair in comment_themes() -%}
        {%- set column = pair.kpi_code ~ '__' ~ pair.theme_code -%}
        {%- do found.append({'kpi': pair.kpi_code, 'dimension': pair.theme_code, 'column': column}) -%}
    {%- endfor -%}
    {{ return(found) }}
{% endmacro %}


{#- Segments that some survey carries, in the framework's order. -#}
{% macro cut_segments() %}
    {%- set rows = declared_rows(
        "select segment_group from declared.segments where segment_group in "
        ~ "(select segment_group from declared.source_segments) group by 1 order by min(sort_order)",
        ['segments', 'source_segments']
    ) -%}
    {{ return(rows | map(attribute='segment_group') | list) }}
{% endmacro %}


{#- Which survey carries which segment. -#}
{% macro source_segments() %}
    {{ return(declared_rows(
        'select source_code, segment_group from declared.source_segments', ['source_segments']
    )) }}
{% endmacro %}


{#- What files call the groups of each segment. -#}
{% macro segment_texts() %}
    {{ return(declared_rows(
        'select segment_group, text, segment_code from declared.segment_texts order by 1, 3, 2', ['segment_texts']
    )) }}
{% endmacro %}


{#- Codes of the KPIs computed by one method. -#}
{% macro kpis_of(method) %}
    {%- set rows = declared_rows(
        "select kpi_code from declared.kpis where method = '" ~ method ~ "' order by kpi_code", ['kpis']
    ) -%}
    {{ return(rows | map(attribute='kpi_code') | list) }}
{% endmacro %}


{#- How many of the highest answers count as satisfied, by KPI and number of scale points. -#}
{% macro top_boxes() %}
    {{ return(declared_rows(
        'select kpi_code, points, top_count from declared.top_boxes order by kpi_code, points', ['top_boxes']
    )) }}
{% endmacro %}


{% macro ledger_rules() %}
    {{ return(declared_rows('select * from declared.ledger_rules order by rule_number', ['ledger_rules'])) }}
{% endmacro %}


{#- Columns raw.responses really has: a survey can be declared before its first file arrives. -#}
{% macro raw_response_columns() %}
    {%- set relation = source('raw', 'responses') -%}
    {%- if execute and load_relation(relation) is not none -%}
        {{ return(adapter.get_columns_in_relation(relation) | map(attribute='name') | list) }}
    {%- endif -%}
    {{ return([]) }}
{% endmacro %}


{#- A declared text as a SQL literal, null where absent. -#}
{% macro literal(text) -%}
    {%- if text is none -%} cast(null as {{ dbt.type_string() }})
    {%- else -%} '{{ dbt.escape_single_quotes(text) }}'
    {%- endif -%}
{%- endmacro %}
