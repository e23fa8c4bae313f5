"""One form of a text: without case, accents, signs and marks that people write or leave out.

Latin letters lose their accents; Thai keeps its vowels (they tell words apart) and loses tone marks, the killer
mark and the short-vowel sign, which are the ones left out or misplaced.
"""

import re
import unicodedata

#: Letters that have no accent to lose but a plain way of being written.
_PLAIN = str.maketrans(
    {"ø": "o", "æ": "ae", "œ": "oe", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "ı": "i", "ħ": "h", "ŋ": "n", "ß": "ss"}
)
_THAI = re.compile(r"[\u0e00-\u0e7f]")
_THAI_MARKS = re.compile(r"[\u0e47-\u0e4c\u0e4e]")  # short-vowel sign, four tones, killer mark, yamakkan
_UNSEEN = re.compile(r"[\u200b-\u200f\u2060\ufeff\u00ad]")
_SIGNS = re.compile(r"[^\w]+|_+")


def is_thai(text: str) -> bool:
    return bool(_THAI.search(text))


def fold(text: str) -> str:
    """Lower case, compatibility forms, no accents; signs stay.

    NFKC writes Thai sara am, full-width letters and ligatures in one way; NFD then sets accents apart.
    """
    plain = _UNSEEN.sub("", unicodedata.normalize("NFKC", text)).casefold().translate(_PLAIN)
    if plain.isascii():
        return plain
    kept = [c for c in unicodedata.normalize("NFD", plain) if unicodedata.category(c) != "Mn" or _THAI.match(c)]
    return _THAI_MARKS.sub("", unicodedata.normalize("NFC", "".join(kept)))


def words(text: str) -> list[str]:
    """The words of a folded text; Thai vowels and marks belong to their word."""
    if not _THAI.search(text):
        return [word for word in _SIGNS.split(text) if word]
    kept = "".join(c if c.isalnum() or _THAI.match(c) else " " for c in text)
    return kept.split()
