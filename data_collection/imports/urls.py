from django.urls import path

from data_collection.imports.views import batch, columns, files, history, undo, upload

BATCH = "collect/sources/<int:pk>/"
urlpatterns: list = [
    path("collect/sources/", history.sources, name="sources"),
    path("collect/sources/new/", upload.import_new, name="import_new"),
    # a draft, step by step
    path(f"{BATCH}upload/", upload.import_upload, name="import_upload"),
    path(f"{BATCH}discard/", upload.import_discard, name="import_discard"),
    path(f"{BATCH}files/", files.import_files, name="import_files"),
    path(f"{BATCH}files/<int:file>/", files.import_file, name="import_file"),
    path(f"{BATCH}columns/", columns.import_columns, name="import_columns"),
    path(f"{BATCH}mapping/", columns.import_mapping, name="import_mapping"),
    path(f"{BATCH}document/", columns.import_document, name="import_document"),
    # one import
    path(BATCH, batch.import_batch, name="import_batch"),
    path(f"{BATCH}cancel/", batch.import_cancel, name="import_cancel"),
    path(f"{BATCH}reopen/", batch.import_reopen, name="import_reopen"),
    path(f"{BATCH}apply/", batch.import_apply, name="import_apply"),
    path(f"{BATCH}confirm/", batch.import_confirm, name="import_confirm"),
    path(f"{BATCH}names/", batch.import_names, name="import_names"),
    path(f"{BATCH}rejected.csv", batch.import_rejected, name="import_rejected"),
    path(f"{BATCH}rejected/<int:file>.xlsx", batch.import_rejected_xlsx, name="import_rejected_xlsx"),
    path(f"{BATCH}corrected/", batch.import_corrected, name="import_corrected"),
    path(f"{BATCH}undo/", undo.import_undo, name="import_undo"),
]
