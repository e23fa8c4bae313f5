"""Writes of an import: batches, loading one table, suggestions, files that came by the page."""
