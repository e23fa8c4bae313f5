"""Finding rows that mean the same, merging them and undoing a merge."""

from data_collection.duplicates.services.merging import MergeRefused, rows_merge
from data_collection.duplicates.services.undoing import merge_undo

__all__ = ["MergeRefused", "merge_undo", "rows_merge"]
