"""Pages of an import: operations try, confirm, apply, correct and undo; nobody else gets in."""

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from data_collection.imports.models import ImportBatch, ImportFile
from data_collection.models import Opportunity, Product, Rep
from salesops.access.models import User
from salesops.jobs.services import job_work
from tests.data_collection.imports.conftest import counts, csv_file, upload

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _own_media(tmp_path, monkeypatch: pytest.MonkeyPatch, settings) -> None:
    settings.MEDIA_ROOT = tmp_path / "media"


@pytest.fixture
def ops(client: Client, analyst: User) -> Client:
    client.force_login(analyst)
    return client


FILES = {
    "product.csv": "code,name\nGTX Pro,GTX Pro\n",
    "stage.csv": "name,rank\nOpen,1\n",
    "opportunity.csv": "external_id,name,stage,product\n1,A,Open,GTXPro\n2,B,Open,GTX Pro\n3,C,Open,GTX Pro\n",
}


def test_try_confirm_apply(ops: Client) -> None:
    tried = upload(ops, *(csv_file(name, text) for name, text in FILES.items()))
    assert tried.state == "tried" and counts(tried, "opportunity") == (3, 2, 0, 0, 1)
    assert not Product.objects.exists()
    page = ops.get(reverse("import_batch", args=[tried.pk])).content.decode()
    assert "GTXPro" in page and "98 %" in page and "no product with this code is known" in page and "Apply" in page

    suggestion = tried.suggestions.get()
    ops.post(reverse("import_confirm", args=[tried.pk]), {"suggestion": suggestion.pk})
    answer = ops.post(reverse("import_apply", args=[tried.pk]))
    applied = ImportBatch.objects.first()
    assert answer["Location"] == reverse("import_batch", args=[applied.pk])
    job_work(applied.job)
    applied.refresh_from_db()
    assert (applied.state, counts(applied, "opportunity")) == ("applied", (3, 3, 0, 0, 0))
    assert Opportunity.objects.filter(product__code="GTX Pro").count() == 3
    assert not ImportFile.objects.exclude(stored="").exists()  # kept until applied
    assert not [path for path in (settings.MEDIA_ROOT / "imports").rglob("*") if path.is_file()]
    assert ops.get(reverse("sources")).status_code == 200
    assert ops.get(reverse("import_batch", args=[applied.pk])).status_code == 200


def test_confirming_after_an_applied_import_brings_the_rejected_rows_in(ops: Client) -> None:
    first = upload(ops, *(csv_file(name, text) for name, text in FILES.items()), dry_run=False)
    assert counts(first, "opportunity") == (3, 2, 0, 0, 1)
    ops.post(reverse("import_confirm", args=[first.pk]))
    again = ImportBatch.objects.first()
    assert again.retry_of == first
    job_work(again.job)
    assert Opportunity.objects.count() == 3


def test_a_job_that_runs_twice_imports_once(ops: Client) -> None:
    from data_collection.imports.tasks import run_import
    from salesops.jobs.registry import JobHandle

    batch = upload(ops, csv_file("rep.csv", "code,name\na,A\n"), dry_run=False)
    run_import(JobHandle(row=batch.job, token=batch.job.lease_token))
    assert Rep.objects.count() == 1
    batch.refresh_from_db()
    assert counts(batch, "rep") == (1, 1, 0, 0, 0)


def test_rejected_rows_download(ops: Client) -> None:
    batch = upload(ops, csv_file("rep.csv", "code,name,email\na,,=1+1\n"))
    answer = ops.get(reverse("import_rejected", args=[batch.pk]))
    text = b"".join(answer.streaming_content).decode("utf-8-sig")
    assert text.splitlines()[1] == "rep.csv,2,rep,name “” is empty but required. Fill it in.,a,,'=1+1"


@pytest.mark.parametrize(
    ("file", "words"),
    [
        (SimpleUploadedFile("deals.xls", b"\xd0\xcf\x11\xe0"), "Files ending in .xls can&#x27;t be read."),
        (SimpleUploadedFile("deals.xlsx", b"a,b\n1,2\n"), "the content is no Excel file"),
        (SimpleUploadedFile("deals.csv", b"PK\x03\x04" + bytes(50)), "is an Excel or ZIP file, not a CSV file"),
        (SimpleUploadedFile("deals.csv.gz", b"a,b\n1,2\n"), "the content is not packed"),
        (SimpleUploadedFile("empty.csv", b""), "empty"),
    ],
)
def test_wrong_files_are_refused_at_the_door(ops: Client, file: SimpleUploadedFile, words: str) -> None:
    answer = ops.post(reverse("import_new"), {"files": [file]})
    assert answer.status_code == 400 and words in answer.content.decode()
    assert not ImportBatch.objects.exists()


def test_too_large_a_file_is_refused(ops: Client, settings) -> None:
    settings.IMPORT_MAX_MB = 1
    answer = ops.post(reverse("import_new"), {"files": [csv_file("a.csv", "a,b\n" * 400_000)]})
    assert "The file has 2 MB; at most 1 MB are read." in answer.content.decode()


def test_a_name_with_a_path_stays_a_name(ops: Client) -> None:
    batch = upload(ops, csv_file("../../etc/rep.csv", "code,name\na,A\n"))
    row = batch.files.get()
    assert row.name == "rep.csv" and row.stored.name.startswith("imports/") and ".." not in row.stored.name


@pytest.mark.parametrize("person", ["rep_user", "manager", "executive", "finance", "viewer"])
def test_others_are_kept_out(client: Client, request: pytest.FixtureRequest, person: str) -> None:
    client.force_login(request.getfixturevalue(person))
    batch = ImportBatch.objects.create(mapping="native", system="native", state="applied")
    draft = ImportBatch.objects.create(state="draft")
    for name in ("import_batch", "import_rejected", "import_undo", "import_names"):
        assert client.get(reverse(name, args=[batch.pk])).status_code == 403, name
    for name in ("import_confirm", "import_apply", "import_undo", "import_cancel", "import_reopen", "import_corrected"):
        assert client.post(reverse(name, args=[batch.pk])).status_code == 403, name
    for name in ("import_upload", "import_files", "import_columns", "import_document"):
        assert client.get(reverse(name, args=[draft.pk])).status_code == 403, name
    for name in ("import_upload", "import_discard", "import_mapping", "import_columns", "import_document"):
        assert client.post(reverse(name, args=[draft.pk])).status_code == 403, name
    assert client.get(reverse("sources")).status_code == 403
    assert ImportBatch.objects.filter(pk=draft.pk).exists()
    assert client.post(reverse("import_new"), {"files": [csv_file("a.csv", "a\n1\n")]}).status_code == 403


@pytest.mark.parametrize("wanted", ["²", "٣", "one", "-1", "9" * 30])
def test_what_is_no_number_of_a_suggestion_confirms_nothing(ops: Client, wanted: str) -> None:
    tried = upload(ops, *(csv_file(name, text) for name, text in FILES.items()))
    answer = ops.post(reverse("import_confirm", args=[tried.pk]), {"suggestion": wanted})
    assert answer.status_code == 302
    assert tried.suggestions.get().state == "proposed"


@pytest.mark.parametrize("wanted", ["²", "9" * 30])
def test_the_team_filter_of_reps_takes_no_other_digits(client: Client, admin_user: User, wanted: str) -> None:
    client.force_login(admin_user)
    answer = client.get(reverse("admin:data_collection_rep_changelist"), {"team": wanted})
    assert answer.status_code == 200
