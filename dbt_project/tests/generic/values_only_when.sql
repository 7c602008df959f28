{#- Fails where `condition` holds and a column is null, or does not hold and a column has a value. -#}
{% test values_only_when(model, columns, condition) %}
select *
from {{ model }}
where
    {%- for column in columns %}
    {{ 'or ' if not loop.first }}({{ condition }}) <> ({{ column }} is not null)
    {%- endfor %}
{% endtest %}
