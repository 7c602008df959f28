{#- Fails with codes that are neither `all` nor in the same column of `to`. -#}
{% test relationship_or_all(model, column, to) %}
select model.{{ column }}
from {{ model }} as model
left join {{ to }} as target on model.{{ column }} = target.{{ column }}
where target.{{ column }} is null and model.{{ column }} <> 'all'
{% endtest %}
