"""Names of companies without what is written or left out at will: legal form, “&”, “the”, short forms.

Legal forms are those of the cleanco package and a list of our own (Thai, Japanese, Chinese, Korean and forms written
in front of the name).
"""

import re
from functools import cache

from cleanco.termdata import terms_by_country, terms_by_type

from data_collection.duplicates.calc.folding import fold, is_thai, words

#: Of the forms of one or two letters only these are taken off: the others are as often words of the name, or name
#: the country of a subsidiary.
_SHORT_FORMS = frozenset("ag sa as ab oy kg nv bv kk ug se sl co lp hf".split())
_MORE_FORMS = (
    "public company limited",
    "public co ltd",
    "public limited company",
    "pcl",
    "company limited",
    "co ltd",
    "pty",
    "pvt",
    "private limited",
    "limited partnership",
    "part ltd",
    "ltd part",
    "gmbh and co kg",
    "co kg",
    "mbh",
    "ag and co",
    "sab de cv",
    "sapi de cv",
    "s de rl de cv",
    "de rl de cv",
    "s a",
    "oyj",
    "se",
    "kk",
    "lda",
    "sdn bhd",
    "tbk",
    "e k",
    "ug",
    "ug haftungsbeschrankt",
    "bv",
    "spa",
    "eood",
    "sl",
    "slu",
    "sau",
    "ohg",
    "doo",
    "sro",
    "as",
    "ab",
    "publ",
    "mchj",
    "jsc",
    "pjsc",
    "cjsc",
    "ojsc",
    "fzco",
    "fze",
    "fz llc",
    "dmcc",
    "wll",
    "plt",
)
_LEADING = (
    "ab",
    "pt",
    "cv",
    "ooo",
    "oao",
    "zao",
    "pao",
    "ao",
    "ооо",
    "оао",
    "пао",
    "ао",
    "зао",
    "uab",
    "sia",
    "tov",
    "тов",
    "the",
    "firma",
)
#: Written without a space before or after the name; longest first.
_ATTACHED_START = ("ห้างหุ้นส่วนจำกัด", "ห้างหุ้นส่วนสามัญ", "บริษัท", "บมจ.", "บมจ", "บจก.", "บจก", "หจก.", "หจก", "บจ.",
                   "株式会社", "有限会社", "合同会社", "주식회사", "(주)", "㈜", "(株)", "㈱")  # fmt: skip
_ATTACHED_END = ("จำกัด(มหาชน)", "จำกัดมหาชน", "(มหาชน)", "มหาชน", "จำกัด", "股份有限公司", "有限责任公司", "有限公司",
                 "株式会社", "有限会社", "合同会社", "주식회사", "(주)", "(株)")  # fmt: skip
_SHORT = {
    "intl": "international", "int": "international", "bros": "brothers", "mfg": "manufacturing", "svc": "services",
    "svcs": "services", "service": "services", "assoc": "associates", "assocs": "associates", "tech": "technology",
    "technologies": "technology", "techs": "technology", "sys": "systems", "system": "systems", "grp": "group",
    "gr": "group", "univ": "university", "natl": "national", "mgmt": "management", "eng": "engineering",
    "engr": "engineering", "ind": "industries", "inds": "industries", "industry": "industries", "industrial":
    "industries", "hldg": "holdings", "hldgs": "holdings", "holding": "holdings", "labs": "laboratories", "lab":
    "laboratories", "laboratory": "laboratories", "mktg": "marketing", "ctr": "center", "centre": "center",
    "solution": "solutions", "soln": "solutions", "solns": "solutions", "consult": "consulting", "dist":
    "distribution", "distr": "distribution", "dev": "development", "prod": "products", "prods": "products",
    "product": "products", "elec": "electric", "pharma": "pharmaceuticals", "fin": "financial", "ins": "insurance",
    "comm": "communications", "comms": "communications", "telecom": "telecommunications", "logistic": "logistics",
    "log": "logistics", "trans": "transport", "transp": "transport", "constr": "construction", "cons": "construction",
    "corpn": "corporation", "cie": "compagnie", "mach": "machinery", "equip": "equipment", "gen": "general",
}  # fmt: skip
#: Words that many companies share and that tell little.
COMMON = frozenset(
    "group holdings international global services solutions technology systems company partners consulting "
    "management industries enterprises trading worldwide".split()
)
_AND = frozenset({"and", "und", "et", "y", "e", "og", "och", "en"})
_TOP_LEVEL = re.compile(r"\.(com|net|org|io|co|biz)\b")
_DOTTED = re.compile(r"(?<=\w)/(?=\w\b)|[.'’`´]")


@cache
def _forms() -> frozenset[tuple[str, ...]]:
    """Legal forms as the words they become."""
    listed = {t for group in (terms_by_type, terms_by_country) for terms in group.values() for t in terms}
    found = {tuple(_words(term)) for term in (*listed, *_MORE_FORMS)}
    return frozenset(form for form in found if len("".join(form)) > 2 or "".join(form) in _SHORT_FORMS)


@cache
def _longest_form() -> int:
    return max(len(form) for form in _forms())


def _words(text: str) -> list[str]:
    plain = _DOTTED.sub("", _TOP_LEVEL.sub("", fold(text)).replace("&", " and ").replace("+", " and "))
    return words(plain)


def _attached(text: str) -> str:
    """Without forms that are written together with the name."""
    plain = fold(text).strip()
    starts, ends = _folded_attached()
    for start in starts:
        if plain.startswith(start) and len(plain) > len(start) + 1:
            plain = plain[len(start) :].strip(" .")
            break
    cut = True
    while cut:
        cut = False
        for end in ends:
            if plain.endswith(end) and len(plain) > len(end) + 1:
                plain, cut = plain[: -len(end)].strip(" .,"), True
    return plain


@cache
def _folded_attached() -> tuple[tuple[str, ...], tuple[str, ...]]:
    return tuple(fold(t) for t in _ATTACHED_START), tuple(fold(t) for t in _ATTACHED_END)


def company_words(text: str) -> list[str]:
    """Words that tell companies apart, in their order.

    “The Smith & Sons Mfg. Co., Ltd.” is smith, sons, manufacturing.
    """
    found = _words(_attached(text) if not text.isascii() else text)
    found = _without_forms(found)
    last = len(found) - 1
    kept = [_SHORT.get(w, w) for i, w in enumerate(found) if w not in _AND or i in (0, last)]  # “and” joins two words
    if any(is_thai(word) for word in kept):
        return ["".join(word for word in kept if is_thai(word)), *(word for word in kept if not is_thai(word))]
    return kept


def _without_forms(found: list[str]) -> list[str]:
    while len(found) > 1 and found[0] in _LEADING:
        found = found[1:]
    forms, cut = _forms(), True
    while cut and len(found) > 1:
        cut = False
        for length in range(min(_longest_form(), len(found) - 1), 0, -1):
            if tuple(found[-length:]) in forms:
                found, cut = found[:-length], True
                break
        while cut and len(found) > 1 and found[-1] in _AND:  # “… & Co.”
            found = found[:-1]
    return found


def company_name(text: str) -> str:
    """The words as one text, at most 300 characters."""
    return " ".join(company_words(text))[:300]
