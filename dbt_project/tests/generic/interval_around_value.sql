{#- Fails where a value lies outside its interval, or an end of it is missing. The net promoter score is left out
    by its caller: its interval is centred on an adjusted score and need not hold the plain one. -#}
{% test interval_around_value(model) %}
select *
from {{ model }}
where
    value < ci_low - 1e-9
    or value > ci_high + 1e-9
    or (ci_low is null) <> (ci_high is null)
    or (change_ci_low is null) <> (change_ci_high is null)
    or change_ci_low > change_ci_high
{% endtest %}
