{#-
    Fails the run when a mart, or a column of a mart, has no description.

    The contract already refuses a column that the YAML does not name, so every published column is seen here.
    Runs on start: nothing has been written when it fails.
-#}
{% macro require_mart_descriptions() %}
    {%- if execute -%}
        {%- set missing = [] -%}
        {%- for node in graph.nodes.values() if node.resource_type == 'model' and 'marts' in node.fqn -%}
            {%- if not (node.description or '') | trim -%}
                {%- do missing.append(node.name) -%}
            {%- endif -%}
            {%- for column in node.columns.values() if not (column.description or '') | trim -%}
                {%- do missing.append(node.name ~ '.' ~ column.name) -%}
            {%- endfor -%}
        {%- endfor -%}
        {%- if missing -%}
            {{ exceptions.raise_compiler_error(
                'No description for ' ~ missing | sort | join(', ')
                ~ '. Write one in the YAML beside the model: directors read it as the data dictionary.'
            ) }}
        {%- endif -%}
    {%- endif -%}
{% endmacro %}
