"""The guide lists every rule as the code has it."""

from pathlib import Path

from data_collection.quality.models import Checked
from data_collection.quality.rules import RULES

GUIDE = Path(__file__).parents[3] / "docs" / "guide" / "quality.md"


def test_the_guide_lists_the_rules() -> None:
    lines = GUIDE.read_text().splitlines()
    told = [line for line in lines if line.startswith("| ") and "` |" in line and "/collect/" not in line]
    rules = [
        f"| {r.title} | `{r.name}` | {str(Checked(r.table).label).lower()} | {r.severity} | {r.fix} |" for r in RULES
    ]
    assert sorted(told) == sorted(rules)
