"""The OpenAPI schema is made without a warning, and describes every list."""

import yaml
from django.core.management import call_command


def test_schema_is_clean(tmp_path) -> None:
    target = tmp_path / "schema.yml"
    call_command("spectacular", "--fail-on-warn", "--validate", file=str(target))
    paths = yaml.safe_load(target.read_text())["paths"]
    assert {"/api/v1/opportunities/", "/api/v1/opportunities/bulk/", "/api/v1/me/token/", "/api/v1/jobs/"} <= set(paths)
    names = {one["name"] for one in paths["/api/v1/opportunities/"]["get"]["parameters"]}
    assert {"owner", "close_date_from", "close_date_to", "cursor", "page_size", "ordering", "fields"} <= names
