"""A person's texts (addresses, numbers, full names) and taking them out of other texts and of JSON."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

SHORTEST = 5  # letters; a shorter text would be found by chance


@dataclass(frozen=True, slots=True)
class Texts:
    """What is looked for, and what is written instead."""

    looked_for: tuple[str, ...]  # longest first
    instead: str
    pattern: "re.Pattern[str]"

    @classmethod
    def of(cls, texts: Iterable[str], phones: Iterable[str], instead: str) -> "Texts":
        found = {text.strip() for text in texts if len(text.strip()) >= SHORTEST}
        numbers = {phone.strip() for phone in phones if sum(c.isdigit() for c in phone) >= 7}
        digits = {re.sub(r"\D", "", number) for number in numbers}
        looked_for = tuple(sorted(found | numbers | digits, key=lambda text: (-len(text), text)))
        parts = [_bounded(re.escape(text)) for text in sorted(found, key=len, reverse=True)]
        parts += [r"\+?" + r"[\s().\-/]*".join(number) for number in sorted(digits, key=len, reverse=True)]
        return cls(looked_for, instead, re.compile("|".join(parts) or r"(?!)", re.IGNORECASE))

    def __bool__(self) -> bool:
        return bool(self.looked_for)

    def is_in(self, text: str) -> bool:
        return bool(self.pattern.search(text))

    def replaced(self, text: str) -> str:
        return self.pattern.sub(lambda _match: self.instead, text)


def _bounded(pattern: str) -> str:
    """Not inside a longer word or number."""
    return rf"(?<![\w]){pattern}(?![\w])"


def names_of(first: str, last: str, whole: str = "") -> set[str]:
    """The ways a full name is written; single names are left out, as many people share them."""
    found = {whole.strip()} if len(whole.split()) >= 2 else set()
    if first and last:
        found |= {f"{first} {last}", f"{last} {first}", f"{last}, {first}", f"{first}.{last}", f"{first}_{last}"}
    return found


def replaced_in_json(value: Any, texts: Texts) -> Any:
    """The same document with the person's texts replaced in every text of it, keys included."""
    if isinstance(value, str):
        return texts.replaced(value)
    if isinstance(value, dict):
        return {texts.replaced(key): replaced_in_json(item, texts) for key, item in value.items()}
    if isinstance(value, list):
        return [replaced_in_json(item, texts) for item in value]
    return texts.instead if isinstance(value, int) and texts.is_in(str(value)) else value


def record_emptied(value: Any, texts: Texts) -> Any:
    """The same document, where the smallest object or list that holds a text of the person loses all its texts.

    For documents made of records (cells of a row, a message): what stands beside the address is the person's too.
    """
    if isinstance(value, dict):
        if any(_is_plain(item) and texts.is_in(str(item)) for item in (*value.values(), *value)):
            return _emptied(value)
        return {key: record_emptied(item, texts) for key, item in value.items()}
    if isinstance(value, list):
        if any(_is_plain(item) and texts.is_in(str(item)) for item in value):
            return _emptied(value)
        return [record_emptied(item, texts) for item in value]
    return texts.replaced(value) if isinstance(value, str) else value


def _is_plain(value: Any) -> bool:
    return isinstance(value, str | int) and not isinstance(value, bool)


def _emptied(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _emptied(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_emptied(item) for item in value]
    return "" if isinstance(value, str) else value if isinstance(value, bool) else None
