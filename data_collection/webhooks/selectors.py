"""Reads of webhooks: shipped recipes and parsed ones."""

from functools import cache
from pathlib import Path
from typing import Any

import yaml

from data_collection.webhooks.calc.recipe import Recipe, RecipeError, parse_recipe
from data_collection.webhooks.fields import NAMES

RECIPES = Path(__file__).parent / "recipes"


@cache
def shipped_recipes() -> dict[str, str]:
    """Name -> text of the recipes that come with the product."""
    return {path.stem: path.read_text() for path in sorted(RECIPES.glob("*.yaml"))}


def recipe_parsed(document: Any) -> Recipe:
    """
    Raises:
        RecipeError: with every mistake.
    """
    return parse_recipe(document, fields=NAMES)


def recipe_document(text: str) -> dict[str, Any]:
    """A recipe as it was written, in YAML or JSON, checked.

    Raises:
        RecipeError: with every mistake.
    """
    try:
        document = yaml.safe_load(text)
    except yaml.YAMLError as wrong:
        mark = getattr(wrong, "problem_mark", None)
        where = f" in line {mark.line + 1}" if mark else ""
        raise RecipeError(
            [f"This is no YAML{where}: {getattr(wrong, 'problem', '') or 'it could not be read'}."]
        ) from (None)
    except (RecursionError, ValueError):
        raise RecipeError(["This is no YAML."]) from None
    recipe_parsed(document)
    return document
