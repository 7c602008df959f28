"""Runs that are killed, starved and doubled, and what must be true afterwards."""
