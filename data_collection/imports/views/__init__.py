"""Pages of the imports: history, the steps of a new import, one import and its undo. Operations only."""

from data_collection.imports.views.rights import operations_only

__all__ = ["operations_only"]
