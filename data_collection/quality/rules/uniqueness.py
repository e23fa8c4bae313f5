"""Rows that are there twice. Candidates are found and merged in `duplicates`; a rule here makes them findings."""

from data_collection.quality.rules.base import Rule

RULES: tuple[Rule, ...] = ()
