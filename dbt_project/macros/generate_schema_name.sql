{#- Schemas are exactly the layers (staging, intermediate, marts): without this dbt would write main_marts. -#}
{% macro generate_schema_name(custom_schema_name, node) -%}
    {{ (custom_schema_name or target.schema) | trim }}
{%- endmacro %}
