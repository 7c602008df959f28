"""The published figures worked out again from the raw files, in plain Python that shares no line with the pipeline."""
