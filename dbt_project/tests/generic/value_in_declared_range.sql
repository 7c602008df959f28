{#- Fails with values outside the range the framework declares for their KPI; 1e-9 forgives the last digit. -#}
{% test value_in_declared_range(model) %}
select model.kpi_code, model.value, kpis.range_low, kpis.range_high
from {{ model }} as model
inner join {{ ref('dim_kpis') }} as kpis on model.kpi_code = kpis.kpi_code
where model.value < kpis.range_low - 1e-9 or model.value > kpis.range_high + 1e-9
{% endtest %}
