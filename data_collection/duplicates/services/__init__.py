"""Finding rows that mean the same, merging them and undoing a merge."""
