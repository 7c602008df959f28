"""Relier: ingestion, checks, scorecard and publication of one organisation's relationships."""
