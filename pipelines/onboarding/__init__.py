"""Onboarding without code: look at an export, say what would happen to it, draft its declaration, make an empty home.

Reads files and declarations, writes declarations only; knows nothing of the warehouse or of orchestration.
"""
