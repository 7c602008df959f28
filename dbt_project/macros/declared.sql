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


{% macro response_sources() %}
    {{ return(declared_rows(
        "select source_code, stakeholder_code, subject, is_continuous from declared.sources "
        ~ "where kind = 'responses' order by source_code",
        ['sources']
    )) }}
{% endmacro %}


{#- Every declared item of every survey: where its answers are, what it measures, its scale. -#}
{% macro response_items() %}
    {{ return(declared_rows(
        "select items.source_code, items.raw_column, items.role, items.target_code, items.min_value, "
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


{#- KPIs of one method whose outcome some survey asks about: dicts of kpi_code, outcome_code. -#}
{% macro outcome_kpis(method) %}
    {{ return(declared_rows(
        "select kpi_code, outcome_code from declared.kpis where method = '" ~ method ~ "' and outcome_code in "
        ~ "(select target_code from declared.items where role = 'outcome') order by kpi_code",
        ['kpis', 'items']
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
