{#- Statistics in closed form, as SQL over columns that already hold exact sums. 95 % two-sided throughout. -#}

{#- 97.5 % quantile of the normal distribution. -#}
{% macro z_975() %}1.959963984540054{% endmacro %}


{#- The row of declared.t_quantiles to use: degrees of freedom rounded down to one the table holds (1 to 1000,
    then 1,000,000), which can only widen an interval. -#}
{% macro t_table_df(df) -%}
    case
        when {{ df }} >= 1000000 then 1000000
        when {{ df }} > 1000 then 1000
        -- a whole number that rounding left just below itself is that number
        when {{ df }} * (1 + 1e-12) >= 1 then cast(floor({{ df }} * (1 + 1e-12)) as integer)
    end
{%- endmacro %}


{#- Sample variance from a sum and a sum of squares; null below two values. Anything under 1e-9 is the rounding
    of identical answers, far below what one differing answer makes. -#}
{% macro sample_variance(count, total, square_total) -%}
    case
        when {{ count }} < 2 then null
        when cast({{ square_total }} as double)
            - cast({{ total }} as double) * cast({{ total }} as double) / {{ count }}
            < 1e-9 * ({{ count }} - 1) then 0
        else (
            cast({{ square_total }} as double)
            - cast({{ total }} as double) * cast({{ total }} as double) / {{ count }}
        ) / ({{ count }} - 1)
    end
{%- endmacro %}


{#- Finite population correction of a variance: 1 - n / N, answers taken as missing at random (Cochran 1977). -#}
{% macro finite_population(population, count) -%}
    (1 - {{ count }} / cast({{ population }} as double))
{%- endmacro %}


{#- Wilson's score interval of a share, 0-1 (Wilson 1927): centre, and the variance that puts its ends at centre
    plus or minus z standard deviations. -#}
{% macro wilson_centre(successes, count) -%}
    (({{ successes }} + {{ z_975() }} * {{ z_975() }} / 2) / ({{ count }} + {{ z_975() }} * {{ z_975() }}))
{%- endmacro %}

{% macro wilson_variance(successes, count) -%}
    (
        {{ successes }} * (1 - {{ successes }} / cast({{ count }} as double)) + {{ z_975() }} * {{ z_975() }} / 4
    ) / pow({{ count }} + {{ z_975() }} * {{ z_975() }}, 2)
{%- endmacro %}


{#- Centre and variance of the adjusted Wald interval of a net promoter score, -1 to 1: three answers added,
    3/4 of them promoters and 3/4 detractors (Rocks 2016). In a change each side is adjusted, variances add.
    19 promoters, 9 passives, 8 detractors give 30.6 [2.9 ; 53.5]. -#}
{% macro nps_centre(promoters, detractors, count) -%}
    (({{ promoters }} - {{ detractors }}) / ({{ count }} + 3.0e0))
{%- endmacro %}

{% macro nps_variance(promoters, detractors, count) -%}
    (
        ({{ promoters }} + {{ detractors }} + 1.5e0) / ({{ count }} + 3)
        - {{ nps_centre(promoters, detractors, count) }} * {{ nps_centre(promoters, detractors, count) }}
    ) / ({{ count }} + 3)
{%- endmacro %}


{#- Centre and variance, 0-1, of one side of a difference of two shares: one success and one failure added to
    each side (Agresti & Caffo 2000). -#}
{% macro agresti_caffo_centre(successes, count) -%}
    (({{ successes }} + 1) / ({{ count }} + 2.0e0))
{%- endmacro %}

{% macro agresti_caffo_variance(successes, count) -%}
    (
        ({{ successes }} + 1) / ({{ count }} + 2.0e0) * ({{ count }} - {{ successes }} + 1) / ({{ count }} + 2.0e0)
        / ({{ count }} + 2)
    )
{%- endmacro %}


{#- A proportion in the unit its KPI is shown in: x100 unless the KPI is declared a ratio. -#}
{% macro share_scale(unit_of_measure) -%}
    case when {{ unit_of_measure }} = 'ratio' then 1 else 100 end
{%- endmacro %}
