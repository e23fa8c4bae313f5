"""Which vendors can be connected: one line each."""

from copy import deepcopy
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

import yaml

from data_collection.connectors.calc.source import Kind, Settings, Source, TokenStore, World
from data_collection.connectors.sources import hubspot, pipedrive, salesforce

KINDS: dict[str, Kind] = {kind.name: kind for kind in (hubspot.KIND, pipedrive.KIND, salesforce.KIND)}


def source_connect(kind: str, settings: Settings, *, tokens: TokenStore, world: World) -> Source:
    """The source of this kind; its client library is loaded only here. Makes no request yet."""
    return import_module(KINDS[kind].module).connect(settings, tokens=tokens, world=world)


def shipped_mapping(kind: str) -> dict[str, Any]:
    """The mapping document that comes with the product; the caller's own copy."""
    return deepcopy(_read(KINDS[kind].mapping))


@cache
def _read(path: str) -> dict[str, Any]:
    return yaml.safe_load(Path(path).read_text("utf-8"))
