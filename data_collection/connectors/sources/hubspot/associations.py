"""Which records a record belongs to, from the two forms HubSpot writes it in. Pure."""

from collections.abc import Iterable, Mapping
from typing import Any

from data_collection.connectors.calc.values import cell

Linked = dict[str, list[str]]  # object name -> ids, the primary one first


def listed(record: Mapping[str, Any]) -> Linked:
    """Of a list: every link with its type, the primary company as `deal_to_company`, any as `…_unlabeled`."""
    found: Linked = {}
    for name, block in (record.get("associations") or {}).items():
        links = block.get("results") or []
        primary = [cell(link["id"]) for link in links if not cell(link.get("type")).endswith("_unlabeled")]
        found[name] = list(dict.fromkeys([*primary, *(cell(link["id"]) for link in links)]))
    return found


def batched(results: Iterable[Mapping[str, Any]]) -> dict[str, list[str]]:
    """Of a batch: the ids each record belongs to, those with the label “Primary” first. Others have none."""
    found: dict[str, list[str]] = {}
    for result in results:
        ordered = sorted(result.get("to") or [], key=lambda link: not _primary(link))
        ids = found.setdefault(cell(result["from"]["id"]), [])
        ids += [own for own in dict.fromkeys(cell(link["toObjectId"]) for link in ordered) if own not in ids]
    return found


def _primary(link: Mapping[str, Any]) -> bool:
    return any(cell(kind.get("label")).lower() == "primary" for kind in link.get("associationTypes") or [])
