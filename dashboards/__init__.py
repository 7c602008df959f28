"""The director's scorecard. It reads one published snapshot and imports nothing from the pipelines."""
