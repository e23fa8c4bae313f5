"""What the browser gets comes from this repository, unchanged, and nothing of ours names another host."""

import base64
import hashlib
import json
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
VENDOR = ROOT / "static" / "vendor"
RECORD = json.loads((VENDOR / "VENDOR.json").read_text())
NAMESPACES = ("http://www.w3.org/2000/svg", "http://www.w3.org/1999/xhtml", "http://www.w3.org/1999/xlink")


def ours() -> list[Path]:
    static = [
        p for p in (ROOT / "static").rglob("*") if VENDOR not in p.parents and p.suffix in {".css", ".js", ".svg"}
    ]
    templates = [p for p in ROOT.glob("**/templates/**/*.html") if ".venv" not in p.parts]
    return sorted({*static, *templates})


def test_every_vendored_file_is_recorded_with_its_hash() -> None:
    recorded = {name: digest for package in RECORD for name, digest in package["files"].items()}
    present = {p.name for p in VENDOR.iterdir()} - {"VENDOR.json"}
    assert set(recorded) == present
    for name, digest in recorded.items():
        actual = base64.b64encode(hashlib.sha512((VENDOR / name).read_bytes()).digest()).decode()
        assert digest == f"sha512-{actual}", name


@pytest.mark.parametrize("package", RECORD, ids=[p["name"] for p in RECORD])
def test_every_package_keeps_its_licence(package: dict) -> None:
    assert package["licence"]
    assert package["version"]
    assert any(name.startswith("LICENSE.") for name in package["files"])


def test_no_file_of_ours_names_another_host() -> None:
    found = {}
    for path in ours():
        hosts = [
            u for u in re.findall(r"(?:https?:)?//[a-z0-9-]+\.[a-z0-9./-]+", path.read_text()) if u not in NAMESPACES
        ]
        if hosts:
            found[str(path.relative_to(ROOT))] = hosts
    assert found == {}


def test_no_template_has_inline_script_or_style() -> None:
    """The content security policy would refuse it, silently for whoever does not look at the console."""
    for path in ours():
        if path.suffix != ".html":
            continue
        text = path.read_text()
        assert not re.search(r"<style[\s>]|\sstyle=|\son[a-z]+=\"", text), path
        for attributes in re.findall(r"<script([^>]*)>", text):
            assert "src=" in attributes or "application/json" in attributes, path


def test_every_icon_asked_for_is_in_the_sprite() -> None:
    drawn = set(re.findall(r'<symbol id="([^"]+)"', (VENDOR / "icons.svg").read_text()))
    asked = {name for path in ours() for name in re.findall(r'{% icon "([^"]+)"', path.read_text())}
    navigation = (ROOT / "salesops" / "frame" / "navigation.py").read_text()
    asked |= {"minus", "arrow-up-right", "arrow-down-right"}  # of a KPI card, by direction
    asked |= set(re.findall(r'Page\(_\("[^"]+"\), "[^"]+", "([^"]+)"', navigation))
    assert asked <= drawn
