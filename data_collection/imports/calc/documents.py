"""A YAML or JSON document as plain data; a name given twice is a mistake, not the second one's victory."""

import json
from typing import Any

import yaml


class GivenTwice(ValueError):
    """The same name stands twice in one place of a document; the text is for a person."""


def read_document(text: str, *, is_json: bool) -> Any:
    """The document with YAML dates as texts, as a stored JSON document has them.

    Raises:
        GivenTwice: a name is given twice.
        yaml.YAMLError, ValueError, TypeError, RecursionError: it is none.
    """
    if is_json:
        return json.loads(text, object_pairs_hook=_unique)
    found = yaml.load(text, Loader=_Loader)  # noqa: S506  a SafeLoader
    return json.loads(json.dumps(found, default=str))


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise GivenTwice(f"“{name}” is given twice; keep one.")
        found[name] = value
    return found


class _Loader(yaml.SafeLoader):
    """The safe loader, with a look at every name."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        lines: dict[str, int] = {}
        for key, _value in node.value:
            if not isinstance(key, yaml.ScalarNode) or key.tag == "tag:yaml.org,2002:merge":
                continue
            line = key.start_mark.line + 1
            if key.value in lines:
                raise GivenTwice(f"“{key.value}” is given twice, in lines {lines[key.value]} and {line}; keep one.")
            lines[key.value] = line
        return super().construct_mapping(node, deep=deep)
