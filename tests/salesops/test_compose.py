"""docker-compose.yml, Dockerfile and .env.example agree with the schema, with each other and with the settings."""

import ast
import json
import re
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import jsonschema.validators
import pytest
import yaml

REPOSITORY = Path(__file__).resolve().parents[2]
APPS = ("salesops", "data_collection", "demand_planning", "supply_planning", "execution")
# Names in code that are no settings of the product: set by the system, by the launcher for its children, or by us.
NOT_FOR_PEOPLE = {"PATH", "HOME", "TMPDIR", "EMPTY", "SALESOPS_CHILD", "DJANGO_SETTINGS_MODULE"}
PYTHON_SERVICES = ("migrate", "web", "worker", "worker-heavy", "beat")
SERVER_SERVICES = ("postgres", "valkey")


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    return yaml.safe_load((REPOSITORY / "docker-compose.yml").read_text())


@pytest.fixture(scope="module")
def listed() -> set[str]:
    """Variables in .env.example, commented out or not."""
    return set(re.findall(r"^#?([A-Z][A-Z0-9_]+)=", (REPOSITORY / ".env.example").read_text(), re.MULTILINE))


def read_variables() -> set[str]:
    """Names of environment variables the code reads, found in its syntax tree."""
    found = set()
    for path in (path for app in APPS for path in (REPOSITORY / app).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            words: list[ast.expr] = []
            if isinstance(node, ast.Call) and re.search(r"\benv\.|environ\.get|getenv", ast.unparse(node.func)):
                words = node.args[:1]
            elif isinstance(node, ast.Subscript) and ast.unparse(node.value) == "os.environ":
                words = [node.slice]
            found |= {w.value for w in words if isinstance(w, ast.Constant) and isinstance(w.value, str)}
    return found


def test_file_fits_the_compose_specification(compose: dict[str, Any]) -> None:
    package = find_spec("check_jsonschema")
    assert package is not None
    assert package.origin is not None
    schema = json.loads((Path(package.origin).parent / "builtin_schemas/vendor/compose-spec.json").read_text())
    validator = jsonschema.validators.validator_for(schema)(schema)
    assert list(validator.iter_errors(compose)) == []
    broken = compose | {"services": compose["services"] | {"web": {"comand": "x"}}}
    assert list(validator.iter_errors(broken))  # the schema does say no


def test_services_and_the_order_in_which_they_start(compose: dict[str, Any]) -> None:
    services = compose["services"]
    assert set(services) == {*PYTHON_SERVICES, *SERVER_SERVICES}
    for name in ("web", "worker", "worker-heavy", "beat"):
        conditions = {other: rule["condition"] for other, rule in services[name]["depends_on"].items()}
        assert conditions["migrate"] == "service_completed_successfully", name
    for name in SERVER_SERVICES:
        assert services["migrate"]["depends_on"][name]["condition"] == "service_healthy"
    for name in set(services) - {"migrate"}:
        assert services[name]["healthcheck"]["test"], name
        assert services[name]["restart"] == "unless-stopped", name
    assert services["migrate"]["restart"] == "no"


def test_every_queue_has_a_worker(compose: dict[str, Any]) -> None:
    commands = [compose["services"][name]["command"] for name in ("worker", "worker-heavy")]
    queues = [queue for command in commands for queue in command[command.index("--queues") + 1].split(",")]
    assert sorted(queues) == ["heavy", "interactive", "nightly"]


def test_data_is_kept_in_volumes(compose: dict[str, Any]) -> None:
    services = compose["services"]
    assert services["postgres"]["volumes"] == ["postgres:/var/lib/postgresql"]  # postgres:18 refuses .../data
    assert services["postgres"]["image"] == "postgres:18"
    assert services["valkey"]["volumes"] == ["valkey:/data"]
    assert set(compose["volumes"]) == {"postgres", "valkey", "state"}
    for name in PYTHON_SERVICES:
        assert services[name]["volumes"] == ["state:/state"], name


def test_the_broker_forgets_nothing(compose: dict[str, Any]) -> None:
    command = compose["services"]["valkey"]["command"][-1]
    assert "--appendonly yes" in command
    assert "--maxmemory-policy noeviction" in command


def test_servers_are_not_open_to_the_network(compose: dict[str, Any]) -> None:
    services = compose["services"]
    assert [name for name in services if "ports" in services[name]] == ["web"]
    assert services["web"]["ports"][0].startswith("127.0.0.1:")


def test_image_runs_without_root() -> None:
    lines = (REPOSITORY / "Dockerfile").read_text().splitlines()
    users = [line.split()[1] for line in lines if line.startswith("USER ")]
    assert users
    assert users[-1] not in {"root", "0"}
    assert any("--require-hashes" in line for line in lines)


def test_every_variable_of_the_compose_file_is_explained(listed: set[str]) -> None:
    used = set(re.findall(r"(?<!\$)\$\{([A-Z0-9_]+)", (REPOSITORY / "docker-compose.yml").read_text()))
    assert used - listed == set()


def test_every_variable_the_code_reads_is_explained(listed: set[str]) -> None:
    assert {"DATABASE_URL", "SECRET_KEY", "SALESOPS_PG_BIN"} <= read_variables()  # the search does find them
    assert read_variables() - listed - NOT_FOR_PEOPLE == set()


def test_every_explained_variable_is_used(listed: set[str]) -> None:
    compose = set(re.findall(r"\$\{([A-Z0-9_]+)", (REPOSITORY / "docker-compose.yml").read_text()))
    assert listed - read_variables() - compose == set()


def test_containers_get_every_setting_that_is_not_about_one_machine(compose: dict[str, Any], listed: set[str]) -> None:
    given = set(compose["services"]["web"]["environment"]) | {"SALESOPS_STATE"}  # the image sets it
    not_in_containers = {"DEBUG", "SALESOPS_LOCAL", "SALESOPS_PG_BIN", "SALESOPS_PG_AS_NOBODY", "PORT"}
    by_compose_itself = {"POSTGRES_PASSWORD", "REDIS_PASSWORD"}
    assert listed - given - not_in_containers - by_compose_itself == set()
