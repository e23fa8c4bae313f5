"""Pipelines and stages of HubSpot as stages of the mirror. Pure."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from data_collection.connectors.calc.source import Page
from data_collection.connectors.calc.values import Row, cell, share

UNKNOWN_RANK = 999  # after every stage that is known


@dataclass(frozen=True, slots=True)
class Stage:
    pipeline: str  # its label
    name: str  # its label
    rank: int
    kind: str  # open, won, lost
    probability: str  # 0 to 1

    @property
    def key(self) -> str:
        """What a mapping knows the stage by."""
        return self.name if self.pipeline == "default" else f"{self.pipeline}/{self.name}"


def known_stages(pipelines: Sequence[Mapping[str, Any]]) -> dict[str, Stage]:
    """Every stage by its id. Two pipelines or stages of one name are told apart by their id."""
    labels = _told_apart(pipelines, 40)
    found: dict[str, Stage] = {}
    for pipeline in pipelines:
        steps = sorted(pipeline.get("stages") or [], key=lambda step: int(step.get("displayOrder") or 0))
        names = _told_apart(steps, 80)
        for rank, step in enumerate(steps, start=1):
            meta = step.get("metadata") or {}
            probability = share(cell(meta.get("probability")))
            found[cell(step["id"])] = Stage(
                labels[cell(pipeline["id"])],
                names[cell(step["id"])],
                rank,
                _kind(meta, probability),
                probability or "0",
            )
    return found


def _told_apart(things: Iterable[Mapping[str, Any]], limit: int) -> dict[str, str]:
    """Label of each by its id, at most `limit` characters, no two alike."""
    labels = {cell(thing["id"]): cell(thing.get("label")) or cell(thing["id"]) for thing in things}
    short = {own: label[:limit].strip() for own, label in labels.items()}
    often = Counter(label.lower() for label in short.values())
    return {own: label if often[label.lower()] == 1 else _with_id(label, own, limit) for own, label in short.items()}


def _with_id(label: str, own: str, limit: int) -> str:
    mark = f" ({own})"[-limit:]
    return f"{label[: limit - len(mark)]}{mark}"


def _kind(meta: Mapping[str, Any], probability: str) -> str:
    """A closed stage is won where its probability is 1."""
    if cell(meta.get("isClosed")).lower() != "true":
        return "open"
    return "won" if float(probability or 0) == 1 else "lost"


def stage_of(stages: Mapping[str, Stage], stage_id: str, pipeline_id: str = "", *, kind: str = "open") -> Stage:
    """A stage that is gone from its pipeline keeps its id as name, so that the deal still comes in."""
    if stage_id in stages:
        return stages[stage_id]
    return Stage((pipeline_id or "removed stages")[:40], stage_id[:80], UNKNOWN_RANK, kind, "0")


def stage_row(stage_id: str, stage: Stage) -> Row:
    return {
        "id": stage_id,
        "pipeline": stage.pipeline,
        "name": stage.name,
        "rank": str(stage.rank),
        "kind": stage.kind,
        "probability": stage.probability,
    }


def stages_page(stages: Mapping[str, Stage]) -> Page:
    rows = [stage_row(own, stage) for own, stage in stages.items()]
    return Page(rows={"stages": rows}, records=len(rows))
