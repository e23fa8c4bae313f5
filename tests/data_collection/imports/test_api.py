"""POST /api/v1/imports/ and what follows: result, apply, undo, rejected rows, suggestions."""

import json
from collections.abc import Callable

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from data_collection.imports.models import ImportBatch, ReferenceAlias
from data_collection.models import Rep
from salesops.access.models import User
from salesops.jobs.models import JobRun
from salesops.jobs.services import job_work
from tests.builders import make_product, make_stage
from tests.data_collection.imports.conftest import csv_file

pytestmark = pytest.mark.django_db
URL = "/api/v1/imports/"
OTHER_FILE = '{"files": [{"file": "x.csv", "tables": [{"table": "rep", "fields": {"code": "q", "name": "r"}}]}]}'
REPS = "code,name\na,A\nb,\n"


@pytest.fixture(autouse=True)
def _own_media(tmp_path, settings) -> None:
    settings.MEDIA_ROOT = tmp_path / "media"


@pytest.fixture
def ops(analyst_client: Client) -> Client:
    return analyst_client


def post(client: Client, *files: SimpleUploadedFile, key: str = "", **said: object):
    headers = {"Idempotency-Key": key} if key else {}
    return client.post(URL, {"files": list(files), **said}, headers=headers)


def done(answer) -> dict:
    """The result once its job has ended."""
    assert answer.status_code == 202, answer.content
    job_work(JobRun.objects.get(pk=answer.json()["job"]))
    return answer.json()


def test_a_named_mapping_imports_at_once(ops: Client) -> None:
    begun = done(post(ops, csv_file("rep.csv", REPS), mapping="native"))
    result = ops.get(f"{URL}{begun['batch']}/").json()
    assert (result["state"], result["dry_run"], result["rejected_rows"]) == ("applied", False, 1)
    assert result["tables"] == [
        {"table": "rep", "file": "rep.csv", "read": 2, "new": 1, "changed": 0, "same": 0, "rejected": 1, "error": ""}
    ]
    assert result["rejected"][0]["reasons"][0]["reason"] == "is empty but required"
    text = b"".join(ops.get(f"{URL}{begun['batch']}/rejected/").streaming_content).decode()
    assert text.splitlines()[1].startswith("rep.csv,3,rep,")
    assert Rep.objects.get().code == "a"


def test_a_definition_in_the_request_and_a_dry_run(ops: Client) -> None:
    definition = {"system": "x", "files": [
        {"file": "people.csv", "tables": [{"table": "rep", "fields": {"code": "Key", "name": "Who"}}]}]}  # fmt: skip
    begun = done(post(ops, csv_file("people.csv", "Key,Who\na,A\n"), definition=json.dumps(definition), dry_run="true"))
    assert not Rep.objects.exists()
    applied = [ops.post(f"{URL}{begun['batch']}/apply/", {}, content_type="application/json") for _ in range(2)]
    assert applied[0].json()["batch"] == applied[1].json()["batch"] != begun["batch"]
    done(applied[0])
    assert Rep.objects.get().name == "A"
    assert ops.post(f"{URL}{applied[0].json()['batch']}/apply/", {}, content_type="application/json").status_code == 409


def test_without_a_mapping_it_is_guessed(ops: Client) -> None:
    begun = done(post(ops, csv_file("rep.csv", "code,name\na,A\n")))
    assert begun["tables"] == [] and Rep.objects.get().name == "A"
    assert ImportBatch.objects.get().guess["columns"]["rep.csv"][0]["header"] == "code"


def test_the_same_key_is_one_import_and_other_files_are_refused(ops: Client) -> None:
    first = post(ops, csv_file("rep.csv", REPS), mapping="native", key="k1")
    again = post(ops, csv_file("rep.csv", REPS), mapping="native", key="k1")
    assert first.json()["batch"] == again.json()["batch"] and again["Idempotency-Replayed"] == "true"
    assert ImportBatch.objects.count() == 1
    other = post(ops, csv_file("rep.csv", "code,name\nz,Z\n"), mapping="native", key="k1")
    assert other.status_code == 422 and ImportBatch.objects.count() == 1


@pytest.mark.parametrize(
    ("said", "field", "words"),
    [
        ({"mapping": "nonsense"}, "mapping", "There is no mapping “nonsense”"),
        ({"definition": "{"}, "mapping", "no valid JSON"),
        ({"definition": "[]"}, "mapping", "expected an object"),
        ({"definition": '{"files": [{"file": "rep.csv"}]}'}, "mapping", "name at least one table"),
        ({"definition": OTHER_FILE}, "mapping", "No file fills a table"),
        ({"dry_run": "perhaps"}, "dry_run", "boolean"),
    ],
)  # fmt: skip
def test_mistakes_are_problem_details_and_leave_nothing(ops: Client, said: dict, field: str, words: str) -> None:
    answer = post(ops, csv_file("rep.csv", REPS), **said)
    assert answer.status_code == 400 and answer["Content-Type"] == "application/problem+json"
    assert words in " ".join(answer.json()["errors"][field])
    assert not ImportBatch.objects.exists()


def test_bad_files_are_refused(ops: Client) -> None:
    answer = post(ops, csv_file("rep.csv", REPS), SimpleUploadedFile("x.pdf", b"%PDF"), mapping="native")
    assert answer.status_code == 400 and "x.pdf" in answer.json()["errors"]["files"][0]
    assert post(ops).status_code == 400
    assert ops.post(URL, {"mapping": "native"}, content_type="application/json").status_code == 400
    assert not ImportBatch.objects.exists()


def test_suggestions_are_confirmed(ops: Client) -> None:
    make_stage("Open")
    make_product("GTX Pro", code="GTX Pro")
    make_product("MG Special", code="MG Special")
    text = "external_id,name,stage,product\n1,A,Open,GTXPro\n2,B,Open,MGX\n"
    begun = done(post(ops, csv_file("opportunity.csv", text), mapping="native", dry_run="1"))
    address = f"{URL}{begun['batch']}/suggestions/"
    found = {one["value"]: one for one in ops.get(address).json()}
    assert (found["GTXPro"]["proposal"], found["GTXPro"]["confidence"]) == ("GTX Pro", 0.98)
    assert found["MGX"]["proposal"] is None

    def confirm(body: dict):
        return ops.post(f"{address}confirm/", body, content_type="application/json")

    assert confirm({"suggestions": [{"id": found["MGX"]["id"]}]}).status_code == 400
    assert confirm({"suggestions": [{"id": found["MGX"]["id"], "target": "nobody"}]}).status_code == 400
    assert confirm({"suggestions": [{"id": 0}]}).status_code == 400
    assert not ReferenceAlias.objects.exists()
    confirm({})
    answer = confirm({"suggestions": [{"id": found["MGX"]["id"], "target": "MG Special"}]})
    assert {one["value"]: one["applied"] for one in answer.json()} == {"GTXPro": True, "MGX": True}
    assert dict(ReferenceAlias.objects.values_list("value", "target")) == {"GTXPro": "GTX Pro", "MGX": "MG Special"}


def test_undo(ops: Client) -> None:
    begun = done(post(ops, csv_file("rep.csv", "code,name\na,A\n"), mapping="native"))
    address = f"{URL}{begun['batch']}/undo/"
    assert ops.get(address).json() == {"remove": {"rep": 1}, "restore": {}, "kept": [], "kept_count": 0}
    done(ops.post(address))
    assert not Rep.objects.exists() and ops.get(f"{URL}{begun['batch']}/").json()["state"] == "undone"
    again = ops.post(address)
    assert again.status_code == 409 and "undone already" in again.json()["detail"]


def test_list_filters(ops: Client) -> None:
    done(post(ops, csv_file("rep.csv", "code,name\na,A\n"), mapping="native"))
    done(post(ops, csv_file("rep.csv", "code,name\nb,B\n"), mapping="native", system="other", dry_run="true"))
    rows = ops.get(URL).json()["results"]
    assert [(row["system"], row["state"]) for row in rows] == [("other", "tried"), ("native", "applied")]
    assert rows[1]["totals"]["new"] == 1 and rows[1]["user"] == "ana@example.test"
    assert [row["system"] for row in ops.get(f"{URL}?dry_run=true").json()["results"]] == ["other"]
    assert ops.get(f"{URL}?state=applied&system=other").json()["results"] == []


@pytest.mark.parametrize("person", ["rep_user", "manager", "executive", "finance", "viewer"])
def test_only_operations(request: pytest.FixtureRequest, person: str, client_of: Callable[[User], Client]) -> None:
    client = client_of(request.getfixturevalue(person))
    batch = ImportBatch.objects.create(mapping="native", system="native", state="applied")
    assert client.get(URL).status_code == 403
    assert post(client, csv_file("rep.csv", REPS), mapping="native").status_code == 403
    for word in ("", "undo/", "rejected/", "suggestions/"):
        assert client.get(f"{URL}{batch.pk}/{word}").status_code == 403, word
    for word in ("apply/", "undo/", "suggestions/confirm/"):
        assert client.post(f"{URL}{batch.pk}/{word}").status_code == 403, word
    assert ImportBatch.objects.count() == 1
