"""Numbers that others published or that mathematics promises, recomputed offline by the code that publishes ours."""
