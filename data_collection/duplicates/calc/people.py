"""Names of people without titles; the order of the words does not matter, as fields are often swapped."""

import re
import unicodedata

from data_collection.duplicates.calc.folding import fold, words

_TITLES = frozenset(
    "mr mrs ms miss mx dr prof professor sir dame lord lady herr frau hr fr monsieur madame mme mlle sr sra srta don "
    "dona ing dipl mag khun dott rer nat med phd md mba jr ii iii iv esq bsc msc".split()
)
#: Written together with the first name; longest first.
_THAI_TITLES = tuple(
    fold(title)
    for title in (
        "ว่าที่ร้อยตรี",
        "นางสาว",
        "เด็กชาย",
        "เด็กหญิง",
        "น.ส.",
        "นส.",
        "ดร.",
        "ผศ.",
        "รศ.",
        "ศ.",
        "นพ.",
        "พญ.",
        "นาย",
        "นาง",
        "คุณ",
        "ดช.",
        "ดญ.",
    )
)
_QUOTES = re.compile(r"[.'’`´]")


def person_words(*parts: str) -> list[str]:
    """The words of a name: “Dr. O'Brien, Séan” is obrien, sean."""
    text = _without_thai_title(fold(" ".join(part for part in parts if part)).strip())
    found = words(_QUOTES.sub("", text))
    kept = [word for word in found if word not in _TITLES]
    return kept or found


def _without_thai_title(text: str) -> str:
    for title in _THAI_TITLES:
        rest = text[len(title) :].lstrip(" .")
        # A name may begin with the same letters: “คุณากร” is no “คุณ” + “ากร”, as no word begins with a vowel sign.
        if text.startswith(title) and rest and not _leans_on_the_letter_before(rest[0]):
            return rest
    return text


def _leans_on_the_letter_before(letter: str) -> bool:
    return unicodedata.category(letter) == "Mn" or letter in "ะาำๅ"


def person_name(*parts: str) -> str:
    """The words in alphabetical order as one text, so that swapped fields are equal; at most 300 characters."""
    return " ".join(sorted(person_words(*parts)))[:300]
