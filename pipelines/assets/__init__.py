"""The stages of a refresh as Dagster assets, one file each: find the input, call, say what happened."""
