"""A new import step by step through the pages: files, their form, columns, the mapping as text, drafts."""

import html
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from data_collection.imports.models import ImportBatch, ImportFile, SavedMapping
from data_collection.imports.services.drafts import drafts_tidy
from data_collection.models import Lead, Opportunity, Rep
from salesops.access.models import User
from salesops.jobs.services import job_work
from tests.builders import make_account, make_stage
from tests.data_collection.imports.conftest import counts, csv_file, upload

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _own_media(tmp_path, settings) -> None:
    settings.MEDIA_ROOT = tmp_path / "media"


@pytest.fixture
def ops(client: Client, analyst: User) -> Client:
    client.force_login(analyst)
    return client


def draft(client: Client, *files: SimpleUploadedFile, definition: dict | None = None) -> ImportBatch:
    """A draft with these files; with `definition` its mapping is that instead of the guess."""
    answer = client.post(reverse("import_new"), {"files": list(files)})
    assert answer.status_code == 302, answer.content.decode()
    batch = ImportBatch.objects.get(state="draft")
    if definition is not None:
        batch.definition, batch.guess = definition, {"base": "test"}
        batch.mapping, batch.system = "test", definition["system"]
        batch.save()
    return batch


def page(client: Client, name: str, batch: ImportBatch, query: str = "", **more: object) -> str:
    answer = client.get(reverse(name, args=[batch.pk]) + query, **more)
    assert answer.status_code == 200
    return html.unescape(answer.content.decode())


def send(client: Client, batch: ImportBatch, query: str = "", **data: object) -> ImportBatch:
    """Post the page of columns."""
    answer = client.post(reverse("import_columns", args=[batch.pk]) + query, data)
    assert answer.status_code in (200, 302)
    batch.refresh_from_db()
    return batch


DEALS = {
    "system": "crm",
    "files": [{"file": "deals.csv", "tables": [{"table": "opportunity", "fields": {"external_id": "ID"}}]}],
}
DEALS_CSV = "ID,Title,Phase,Customer,Value,Closed\n1,One,Won,Acme,10,2026-01-02\n2,Two,Talk,ACME,20,\n"


# --- files -----------------------------------------------------------------------------------
def test_bad_files_are_named_and_the_good_ones_go_on(ops: Client) -> None:
    batch = draft(ops, csv_file("rep.csv", "code,name\na,A\n"), csv_file("photo.pdf", "%PDF"), csv_file("none.csv", ""))
    assert {row.name: bool(row.refused) for row in batch.files.all()} == {
        "rep.csv": False, "photo.pdf": True, "none.csv": True,
    }  # fmt: skip
    text = page(ops, "import_files", batch)
    assert "photo.pdf" in text and "was not taken" in text and "The submitted file is empty." in text


def test_a_file_that_cannot_be_read_says_why_and_can_be_read_otherwise(ops: Client) -> None:
    batch = draft(ops, SimpleUploadedFile("rep.csv", "code,name\na,Zoë\n".encode("utf-16")))
    row = batch.files.get()
    assert (row.encoding, row.headers) == ("utf-16", ["code", "name"])
    address = reverse("import_file", args=[batch.pk, row.pk])
    form = {f"f{row.pk}-separator": ",", f"f{row.pk}-encoding": "utf-8"}
    answer = ops.post(address, form, headers={"HX-Request": "true"})
    assert answer.status_code == 200 and "note-error" in answer.content.decode()
    ops.post(address, {**form, f"f{row.pk}-encoding": "utf-16"})
    row.refresh_from_db()
    assert row.refused == "" and row.detection["sample"] == [["a", "Zoë"]]


def test_form_of_a_file_is_shown_with_its_certainty_and_can_be_changed(ops: Client) -> None:
    batch = draft(ops, csv_file("deals.csv", "ID;Closed;Value\n1;03.04.2026;1,50\n2;05.06.2026;2,75\n"))
    row = batch.files.get()
    text = page(ops, "import_files", batch)
    assert text.count(">please confirm<") == 1  # which of 3 and 4 is the month no value says
    assert "Semicolon ;" in text and "Comma: 1.234,50" in text
    form = {f"f{row.pk}-{word}": value for word, value in
            {"encoding": "utf-8", "separator": ";", "date": "mdy", "decimal": ","}.items()}  # fmt: skip
    answer = ops.post(reverse("import_file", args=[batch.pk, row.pk]), form, headers={"HX-Request": "true"})
    assert "chosen by you" in answer.content.decode() and "please confirm" not in answer.content.decode()
    row.refresh_from_db()
    assert row.chosen == {"date": "mdy"}  # what was left as seen is not taken as said
    batch.refresh_from_db()
    place = batch.definition["files"][0]
    assert place["formats"]["date"][0] == "mdy" and "dmy" not in place["formats"]["date"]


def test_separator_chosen_by_hand_gives_another_sample(ops: Client) -> None:
    batch = draft(ops, csv_file("deals.csv", "a;b,c\n1;2,3\n"))
    row = batch.files.get()
    seen = {",": ["a;b", "c"], ";": ["a", "b,c"]}
    for separator in (",", ";"):
        ops.post(
            reverse("import_file", args=[batch.pk, row.pk]),
            {f"f{row.pk}-separator": separator, f"f{row.pk}-encoding": "utf-8"},
        )
        row.refresh_from_db()
        assert row.headers == seen[separator]


@pytest.mark.parametrize("word", ["separator", "encoding", "time_zone"])
def test_nonsense_in_the_form_of_a_file_is_refused(ops: Client, word: str) -> None:
    batch = draft(ops, csv_file("t.csv", "a,at\n1,2026-01-01 10:00\n"))
    row = batch.files.get()
    answer = ops.post(reverse("import_file", args=[batch.pk, row.pk]), {f"f{row.pk}-{word}": "Mars/One"})
    assert answer.status_code == 400
    row.refresh_from_db()
    assert row.chosen == {}


def test_files_are_added_replaced_and_taken_out(ops: Client) -> None:
    batch = draft(ops, csv_file("rep.csv", "code,name\na,A\n"))
    ops.post(
        reverse("import_upload", args=[batch.pk]),
        {"files": [csv_file("product.csv", "code,name\np,P\n"), csv_file("rep.csv", "code,name\nb,B\n")]},
    )
    assert sorted(batch.files.values_list("name", flat=True)) == ["product.csv", "rep.csv"]
    rep = batch.files.get(name="rep.csv")
    assert rep.detection["sample"] == [["b", "B"]]
    stored = rep.stored
    ops.post(reverse("import_file", args=[batch.pk, rep.pk]), {"do": "drop"})
    assert batch.files.get().name == "product.csv" and not stored.storage.exists(stored.name)


def test_a_header_without_rows_and_headers_given_twice(ops: Client) -> None:
    batch = draft(ops, csv_file("rep.csv", "code,name,name\n"))
    assert "nothing to import from it" in page(ops, "import_files", batch)
    assert "name (2)" in page(ops, "import_columns", batch)
    ops.post(reverse("import_mapping", args=[batch.pk]), {"mapping": "native"})
    ops.post(reverse("import_columns", args=[batch.pk]), {"do": "try"})
    batch.refresh_from_db()
    job_work(batch.job)
    batch.refresh_from_db()
    assert batch.state == "tried"


# --- columns ---------------------------------------------------------------------------------
def test_columns_are_matched_by_hand_to_an_applied_import(ops: Client) -> None:
    make_stage("Talk", pipeline="crm")
    make_account("Acme", system="crm", external_id="A1")
    batch = draft(ops, csv_file("deals.csv", DEALS_CSV), definition=DEALS)
    text = page(ops, "import_columns", batch)
    assert "2 things are missing before the dry run" in text
    assert "name: needed, and no column fills it" in text and "stage: needed" in text

    send(ops, batch, c1="0.name", c2=["0.stage", "0.status"], c3="0.account", c4="0.amount", c5="0.close_date")
    fields = batch.definition["files"][0]["tables"][0]["fields"]
    assert fields["stage"] == {"column": "Phase", "by": "name", "within": {"pipeline": "crm"}}
    text = page(ops, "import_columns", batch)
    assert "some unclear" in text and 'value="Won"' in text
    texts = {"0.stage.t0": "Talk", "0.stage.t1": "Won", "0.status.t0": "Talk", "0.status.t1": "Won"}
    meant = {"0.stage.v0": "", "0.stage.v1": "+won", "0.status.v0": "open", "0.status.v1": "won"}
    send(ops, batch, c2=["0.stage", "0.status"], **texts, **meant, **{"0.account.by": "name"})
    assert batch.definition["rows"]["stage"] == [
        {"pipeline": "crm", "name": "Won", "rank": 90, "kind": "won", "probability": 1}
    ]
    assert "things are missing" not in page(ops, "import_columns", batch)

    send(ops, batch, do="try")
    job_work(batch.job)
    batch.refresh_from_db()
    assert (batch.state, counts(batch, "opportunity")) == ("tried", (2, 1, 0, 0, 1))  # ACME is not Acme
    suggestion = batch.suggestions.get()
    assert (suggestion.value, suggestion.shown, suggestion.percent) == ("ACME", "Acme", 98)
    ops.post(reverse("import_confirm", args=[batch.pk]), {"suggestion": suggestion.pk})
    ops.post(reverse("import_apply", args=[batch.pk]))
    job_work(ImportBatch.objects.first().job)
    assert list(Opportunity.objects.order_by("external_id").values_list("name", "status", "stage__name", "amount")) == [
        ("One", "won", "Won", 10),
        ("Two", "open", "Talk", 20),
    ]


def test_attributes_left_out_columns_blank_texts_and_fixed_values(ops: Client) -> None:
    definition = {"system": "edu", "files": [{"file": "leads.csv", "tables": [{"table": "lead", "fields": {}}]}]}
    batch = draft(ops, csv_file("leads.csv", "Key,City,Tag\n1,Select,hot\n2,Bangkok,\n"), definition=definition)
    send(
        ops, batch, c0="0.external_id", c1="0.*", c2="", blank="Select, n/a",
        **{"0.created_on.fixed": "2026-01-01", "system": "school"},
    )  # fmt: skip
    assert batch.definition["system"] == batch.system == "school"
    entry = batch.definition["files"][0]
    assert entry["blank"] == ["Select", "n/a"] and entry["tables"][0]["attributes"] == {"City": "City"}
    send(ops, batch, do="try")
    job_work(batch.job)
    ops.post(reverse("import_apply", args=[batch.pk]))
    job_work(ImportBatch.objects.first().job)
    found = Lead.objects.filter(system="school").order_by("external_id")
    assert [(lead.external_id, lead.attributes) for lead in found] == [
        ("1", {}),
        ("2", {"City": "Bangkok"}),
    ]
    assert {str(lead.created_on) for lead in found} == {"2026-01-01"}


def test_the_row_number_can_be_the_id(ops: Client) -> None:
    definition = {"system": "s", "files": [{"file": "leads.csv", "tables": [{"table": "lead", "fields": {}}]}]}
    batch = draft(ops, csv_file("leads.csv", "Tag\nhot\nhot\n"), definition=definition)
    send(ops, batch, **{"0.external_id.number": "1", "0.created_on.fixed": "2026-01-01"})
    assert batch.definition["files"][0]["tables"][0]["fields"]["external_id"] == {"template": "{#}"}


def test_tables_are_added_and_dropped(ops: Client) -> None:
    batch = draft(ops, csv_file("deals.csv", DEALS_CSV), definition=DEALS)
    send(ops, batch, new_table="account")
    assert [t["table"] for t in batch.definition["files"][0]["tables"]] == ["opportunity", "account"]
    assert batch.definition["files"][0]["tables"][1]["attributes"] == "none"
    send(ops, batch, c3="1.external_id", do="drop:0")
    assert batch.definition["files"][0]["tables"] == [
        {"table": "account", "fields": {"external_id": "Customer"}, "attributes": "none"}
    ]
    send(ops, batch, new_table="auth_user", do="drop:9")
    assert len(batch.definition["files"][0]["tables"]) == 1


def test_two_columns_for_one_field_stay_on_the_page(ops: Client) -> None:
    batch = draft(ops, csv_file("deals.csv", DEALS_CSV), definition=DEALS)
    answer = ops.post(
        reverse("import_columns", args=[batch.pk]), {"c1": "0.name", "c2": "0.name", "do": "try"}, follow=True
    )
    assert "would both fill name of opportunity" in answer.content.decode()
    batch.refresh_from_db()
    assert batch.state == "draft"


def test_a_change_by_htmx_answers_the_part_and_stores_it(ops: Client) -> None:
    batch = draft(ops, csv_file("deals.csv", DEALS_CSV), definition=DEALS)
    answer = ops.post(reverse("import_columns", args=[batch.pk]), {"c1": "0.name"}, headers={"HX-Request": "true"})
    text = answer.content.decode()
    assert text.strip().startswith("<form") and "<html" not in text and 'value="0.name" selected' in text
    back = {"HX-Request": "true", "HX-History-Restore-Request": "true"}
    assert "<html" in ops.get(reverse("import_columns", args=[batch.pk]), headers=back).content.decode()


def test_a_file_with_300_columns_is_shown_in_pages(ops: Client) -> None:
    headers = ["ID", *(f"col {n}" for n in range(299))]
    text = ",".join(headers) + "\n" + ",".join("x" for _ in headers) + "\n"
    batch = draft(ops, csv_file("deals.csv", text), definition=DEALS)
    first = ops.get(reverse("import_columns", args=[batch.pk]))
    assert first.content.count(b'<tr id="column-') == 50 and len(first.content) < 500_000
    last = page(ops, "import_columns", batch, "?page=6")
    assert "col 298" in last and "Page 6 of 6" in last
    send(ops, batch, "?page=6", c299="0.name")  # only the columns on the page are sent
    fields = batch.definition["files"][0]["tables"][0]["fields"]
    assert fields == {"external_id": "ID", "name": "col 298"}


NASTY = "Dé\"al <b>&'x'</b>"


def test_headers_with_markup_quotes_and_thai(ops: Client) -> None:
    text = '"Dé""al <b>&\'x\'</b>",ชื่อลูกค้า,<script>alert(1)</script>\n1,สยาม,x\n'
    batch = draft(ops, csv_file("deals.csv", text), definition={**DEALS, "files": [
        {"file": "deals.csv", "tables": [{"table": "account", "fields": {}}]}]})  # fmt: skip
    assert batch.files.get().headers[:2] == [NASTY, "ชื่อลูกค้า"]
    for name in ("import_files", "import_columns", "import_document"):
        raw = ops.get(reverse(name, args=[batch.pk])).content.decode()
        assert "<script>alert" not in raw and "<b>&" not in raw, name
    send(ops, batch, c0="0.external_id", c1="0.name", do="try")
    job_work(batch.job)
    batch.refresh_from_db()
    assert counts(batch, "account") == (1, 1, 0, 0, 0)


# --- mapping ---------------------------------------------------------------------------------
def test_a_mapping_is_kept_and_reads_next_months_file(ops: Client) -> None:
    batch = draft(ops, csv_file("leads.csv", "Key,City,Day\n1,Rome,2026-01-01\n"), definition={
        "system": "s", "files": [{"file": "leads.csv", "tables": [{"table": "lead", "fields": {}}]}]})  # fmt: skip
    send(ops, batch, c0="0.external_id", c2="0.created_on", do="remember", name="Our leads!")
    assert SavedMapping.objects.get().name == "our-leads"
    send(ops, batch, do="try")
    assert batch.mapping == "our-leads"

    other = draft(ops, csv_file("Export 2026-02.csv", "Key,Day,City\n7,2026-02-01,Oslo\n"))
    ops.post(reverse("import_mapping", args=[other.pk]), {"mapping": "our-leads"})
    send(ops, other, do="try")
    job_work(other.job)
    other.refresh_from_db()
    assert counts(other, "lead") == (1, 1, 0, 0, 0)


def test_a_mapping_with_mistakes_is_not_kept(ops: Client) -> None:
    batch = draft(ops, csv_file("deals.csv", DEALS_CSV), definition=DEALS)
    answer = ops.post(reverse("import_columns", args=[batch.pk]), {"do": "remember", "name": "x"}, follow=True)
    assert "is required for opportunity" in html.unescape(answer.content.decode())
    assert not SavedMapping.objects.exists()


def test_a_draft_whose_mapping_was_deleted_keeps_its_own(ops: Client) -> None:
    fields = {"external_id": "Key", "created_on": "Day"}
    document = {"system": "s", "files": [{"file": "leads.csv", "tables": [{"table": "lead", "fields": fields}]}]}
    SavedMapping.objects.create(name="gone", definition=document)
    batch = draft(ops, csv_file("leads.csv", "Key,Day\n1,2026-01-01\n"))
    ops.post(reverse("import_mapping", args=[batch.pk]), {"mapping": "gone"})
    SavedMapping.objects.all().delete()
    assert "Match columns" in page(ops, "import_columns", batch)
    answer = ops.post(reverse("import_mapping", args=[batch.pk]), {"mapping": "gone"}, follow=True)
    assert "There is no mapping “gone”" in answer.content.decode()
    send(ops, batch, do="try")
    job_work(batch.job)
    batch.refresh_from_db()
    assert counts(batch, "lead") == (1, 1, 0, 0, 0)


def test_a_mapping_that_has_no_use_for_a_file_says_so(ops: Client) -> None:
    batch = draft(ops, csv_file("weather.csv", "sun,rain\n1,2\n"))
    answer = ops.post(reverse("import_mapping", args=[batch.pk]), {"mapping": "maven_crm"}, follow=True)
    assert "no use for: weather.csv" in answer.content.decode()


def test_the_document_as_text_names_every_mistake(ops: Client) -> None:
    batch = draft(ops, csv_file("deals.csv", DEALS_CSV), definition=DEALS)
    wrong = (
        "system: crm\nfiles:\n- file: deals.csv\n  tables:\n  - {table: opportunty}\n  - {table: lead, feelds: {}}\n"
    )
    answer = ops.post(reverse("import_document", args=[batch.pk]), {"text": wrong})
    text = html.unescape(answer.content.decode())
    assert answer.status_code == 400
    assert "Did you mean “opportunity”?" in text and "unknown: “feelds”" in text and "{table: opportunty}" in text
    for broken in ("a: [", "a: 1\na: 2\n", '{"files": 1', "- x", ""):
        assert ops.post(reverse("import_document", args=[batch.pk]), {"text": broken}).status_code == 400, broken
    batch.refresh_from_db()
    assert batch.definition == DEALS

    right = '{"system": "s", "files": [{"file": "deals.csv", "tables": [{"table": "rep", "fields": {"code": "ID", "name": "Title"}}]}]}'  # noqa: E501  one line of JSON
    assert ops.post(reverse("import_document", args=[batch.pk]), {"text": right}).status_code == 302
    send(ops, batch, do="try")
    job_work(batch.job)
    batch.refresh_from_db()
    assert counts(batch, "rep") == (2, 2, 0, 0, 0)


# --- drafts ----------------------------------------------------------------------------------
def test_a_draft_is_taken_up_again_and_discarded(ops: Client) -> None:
    batch = draft(ops, csv_file("rep.csv", "code,name\na,A\n"))
    stored = batch.files.get().stored
    assert f"/collect/sources/{batch.pk}/" in ops.get(reverse("sources")).content.decode()
    assert ops.get(reverse("import_batch", args=[batch.pk]))["Location"] == reverse("import_files", args=[batch.pk])
    ops.post(reverse("import_discard", args=[batch.pk]))
    assert not ImportBatch.objects.exists() and not stored.storage.exists(stored.name)
    assert ops.get(reverse("import_files", args=[batch.pk])).status_code == 404


def test_old_drafts_and_files_nobody_applied_go_by_themselves(ops: Client) -> None:
    old_try = upload(ops, csv_file("rep.csv", "code,name\na,A\n"))
    old_draft = draft(ops, csv_file("rep.csv", "code,name\nb,B\n"))
    ImportBatch.objects.update(started_at=timezone.now() - timedelta(days=30))
    young = ImportBatch.objects.exclude(pk__in=[old_try.pk, old_draft.pk])
    assert not young.exists()
    fresh = ops.post(reverse("import_new"), {"files": [csv_file("rep.csv", "code,name\nc,C\n")]})
    assert fresh.status_code == 302
    assert drafts_tidy(before=timezone.now() - timedelta(days=14)) == (1, 1)
    assert set(ImportBatch.objects.values_list("state", flat=True)) == {"tried", "draft"}
    assert ImportFile.objects.exclude(stored="").get().batch.state == "draft"
    assert "Apply</button>" not in page(ops, "import_batch", old_try)
    answer = ops.post(reverse("import_apply", args=[old_try.pk]), follow=True)
    assert "There is nothing left to apply" in answer.content.decode()


def test_two_tabs_start_and_apply_one_import_once(ops: Client) -> None:
    batch = draft(ops, csv_file("rep.csv", "code,name\na,A\n"))
    ops.post(reverse("import_mapping", args=[batch.pk]), {"mapping": "native"})
    for _ in range(2):
        answer = ops.post(reverse("import_columns", args=[batch.pk]), {"do": "try"})
        assert answer["Location"] == reverse("import_batch", args=[batch.pk])
    batch.refresh_from_db()
    job_work(batch.job)
    places = {ops.post(reverse("import_apply", args=[batch.pk]))["Location"] for _ in range(2)}
    assert len(places) == 1 and ImportBatch.objects.count() == 2
    job_work(ImportBatch.objects.first().job)
    assert ops.post(reverse("import_apply", args=[batch.pk]))["Location"] in places  # also after it has ended
    assert Rep.objects.count() == 1 and ImportBatch.objects.count() == 2


def test_back_button_after_the_start_leads_to_the_import(ops: Client) -> None:
    batch = upload(ops, csv_file("rep.csv", "code,name\na,A\n"))
    here = reverse("import_batch", args=[batch.pk])
    for name in ("import_files", "import_columns", "import_document", "import_upload"):
        assert ops.get(reverse(name, args=[batch.pk]))["Location"] == here, name
    answer = ops.post(reverse("import_columns", args=[batch.pk]), {"c0": ""}, headers={"HX-Request": "true"})
    assert answer["HX-Redirect"] == here


def test_the_matching_is_changed_after_a_dry_run(ops: Client) -> None:
    batch = upload(ops, csv_file("rep.csv", "code,name\na,\n"))
    assert batch.rows_rejected == 1
    answer = ops.post(reverse("import_reopen", args=[batch.pk]))
    assert answer["Location"] == reverse("import_columns", args=[batch.pk])
    batch.refresh_from_db()
    assert (batch.state, batch.counts, batch.rejected.count()) == ("draft", [], 0)
    send(ops, batch, c0=["0.code", "0.name"], c1="")
    send(ops, batch, do="try")
    job_work(batch.job)
    batch.refresh_from_db()
    assert counts(batch, "rep") == (1, 1, 0, 0, 0)
    ops.post(reverse("import_apply", args=[batch.pk]))
    ops.post(reverse("import_reopen", args=[batch.pk]))
    batch.refresh_from_db()
    assert batch.state == "tried"  # what has been applied stays what it was
