"""Companies and people with duplicates whose truth is known, and hard negatives beside them.

Shares nothing with the product: own words, own legal forms, own ways of corrupting. Every duplicate names the one
thing that was done to it; other fields go missing by chance as well.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass, field, replace

COUNTRIES = {
    "United States": ("US", ["Boston", "Denver", "Austin", "Tampa"], ["Inc.", "LLC", "Corp.", "Corporation", ""]),
    "Germany": ("DE", ["Hamburg", "Köln", "München", "Leipzig", "Bremen"], ["GmbH", "AG", "GmbH & Co. KG", ""]),
    "France": ("FR", ["Lyon", "Nantes", "Lille", "Orléans"], ["SARL", "S.A.", "SAS", ""]),
    "United Kingdom": ("GB", ["Leeds", "Bristol", "Cardiff", "York"], ["Ltd", "Limited", "PLC", ""]),
    "Spain": ("ES", ["Sevilla", "Málaga", "Bilbao"], ["S.L.", "S.A.", ""]),
    "Sweden": ("SE", ["Malmö", "Uppsala", "Örebro"], ["AB", ""]),
    "Poland": ("PL", ["Łódź", "Gdańsk", "Poznań"], ["Sp. z o.o.", "S.A.", ""]),
    "Thailand": ("TH", ["Bangkok", "Chiang Mai", "Rayong", "Chonburi"], ["Co., Ltd.", "Public Company Limited", ""]),
}  # fmt: skip
DIAL = {"US": "1", "DE": "49", "FR": "33", "GB": "44", "ES": "34", "SE": "46", "PL": "48", "TH": "66"}
LANDLINE = {"US": "212", "DE": "30", "FR": "14", "GB": "20", "ES": "91", "SE": "8", "PL": "22", "TH": "2"}
LINE_DIGITS = {"US": 7, "DE": 8, "FR": 7, "GB": 8, "ES": 7, "SE": 8, "PL": 7, "TH": 7}
TRUNK = {"US": "", "DE": "0", "FR": "0", "GB": "0", "ES": "", "SE": "0", "PL": "", "TH": "0"}
START = (
    "Bal Cor Dan El Fen Gar Hol Ing Jor Kel Lum Mar Nor Ost Pel Quin Ros Sal Tor Ul Ver Wes Yor Zan Brå Lé Dü Ñan"
).split()
MIDDLE = "a e i o u an en il or um ar is ol et".split()
END = "dex tron via mark line berg sten ford well ton rex nova plan dale vík qué zen grid wick mond".split()
TRADES = ["Foods", "Logistics", "Manufacturing", "Software", "Services", "Technologies", "Brothers", "International",
          "Engineering", "Textiles", "Plastics", "Motors", "Optics", "Farms", "Steel", "Paper", "Media"]  # fmt: skip
SHORTER = {"Manufacturing": "Mfg", "Services": "Svcs", "Technologies": "Tech", "Brothers": "Bros", "International":
           "Intl", "Engineering": "Eng.", "Logistics": "Logistics", "Software": "Software"}  # fmt: skip
THAI_PARTS = "สยาม รุ่งเรือง เจริญ ไทย ทอง มั่นคง พัฒนา บางกอก เพชร สหะ กิจ ชัย อุดม ศิริ นคร ภูเก็ต ล้าน แก้ว น้ำ สิงห์".split()
THAI_TRADES = "การค้า ขนส่ง ก่อสร้าง อาหาร เคมี เหล็ก พลังงาน การไฟฟ้า".split()
FIRST = ("James Mary Robert Linda Ana Luca Sofia Marek Ines Karl Emma Oskar Nina Pablo Lucía José Chloé Zoë Jürgen "
         "Björn Søren Łukasz Małgorzata André Hélène Íñigo Priya Wei Omar Fatima Kenji Aiko Ivan Olga Tomás Renée "
         "Gunnar Astrid Beatriz Caroline Dominic Edmund Felicity Gregory Harriet Isabel Jonathan").split()  # fmt: skip
LAST = (
    "Anderson Becker Carlsson Dubois Eriksen Fischer García Hernández Ivanov Jankowski Köhler Lindqvist Müller "
    "Nowak Ortega Peterson Quintana Rodríguez Sørensen Takahashi Ullrich Vasquez Weber Xu Yamada Zieliński "
    "Bennett Caldwell Donovan Ellington Fairchild Goodwin Hathaway Ingram Jefferson Kensington Lancaster"
).split()
THAI_FIRST = "สมชาย มาลี ประเสริฐ วันเพ็ญ กิตติ สุดา อนันต์ พิมพ์ใจ ธนากร รัตนา คุณากร ณัฐพล ชลธิชา ภาณุ น้ำผึ้ง".split()
THAI_LAST = "ใจดี ศรีสุข ทองคำ บุญมี แก้วมณี รักษาพล วงศ์สวัสดิ์ พันธุ์ดี เจริญผล มั่งมี สุวรรณ อยู่เย็น ล้ำเลิศ".split()
FREE = ["gmail.com", "hotmail.com", "yahoo.com"]


@dataclass(frozen=True)
class Entity:
    """A company or a person, and who it really is."""

    truth: int
    how: str  # what was done to it; "" for an original
    country: str
    name: str = ""  # company
    first: str = ""
    last: str = ""
    email: str = ""
    phone: str = ""
    website: str = ""
    city: str = ""
    postal: str = ""
    home: int = -1  # of a person: truth of the company


@dataclass
class World:
    companies: list[Entity] = field(default_factory=list)
    people: list[Entity] = field(default_factory=list)
    brands: list[Entity] = field(default_factory=list)  # originals that sisters are made of
    families: list[Entity] = field(default_factory=list)  # originals that relatives are made of


def build(seed: int, entities: int, share: float = 0.3) -> World:
    """`entities` companies and as many people; `share` of them duplicated once, a few twice."""
    return _Builder(random.Random(seed)).build(entities, share)


class _Builder:
    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self.used: set[str] = set()

    def build(self, entities: int, share: float) -> World:
        world = World()
        for i in range(entities):
            world.companies.append(self.company(i, world))
        for i in range(entities):
            world.people.append(self.person(i, world))
        for rows, corruptions in ((world.companies, COMPANY_WAYS), (world.people, PERSON_WAYS)):
            for entity in self.rng.sample(rows, round(len(rows) * share)):
                for _copy in range(2 if self.rng.random() < 0.08 else 1):
                    rows.append(self.corrupted(entity, corruptions))
        return world

    # --- originals ------------------------------------------------------------------------
    def brand(self) -> str:
        while True:
            word = self.rng.choice(START) + self.rng.choice(MIDDLE) + self.rng.choice(END)
            if self.rng.random() < 0.3:
                word += " " + self.rng.choice(START) + self.rng.choice(END)
            if word not in self.used:
                self.used.add(word)
                return word

    def company(self, truth: int, world: World) -> Entity:
        dice = self.rng.random()
        if dice < 0.05 and world.brands:
            return self.subsidiary(truth, self.rng.choice(world.brands))
        if dice < 0.10 and world.brands:
            return self.sister(truth, self.rng.choice(world.brands))
        if dice < 0.16:
            return self.common_company(truth)
        if dice < 0.20 and world.brands:
            return self.near_brand(truth, self.rng.choice(world.brands))
        country = self.rng.choice(list(COUNTRIES))
        if country == "Thailand" and self.rng.random() < 0.7:
            name = self.thai_company()
        else:
            trade = f" {self.rng.choice(TRADES)}" if self.rng.random() < 0.7 else ""
            form = self.rng.choice(COUNTRIES[country][2])
            base = f"{self.brand()} & {self.brand()}" if self.rng.random() < 0.12 else self.brand()
            name = f"{base}{trade} {form}".strip()
        made = self.placed(truth, name, country)
        if len(name.split(" ")[0]) > 4:
            world.brands.append(made)
        return made

    def thai_company(self) -> str:
        while True:
            core = "".join(self.rng.sample(THAI_PARTS, self.rng.choice([2, 3]))) + self.rng.choice(THAI_TRADES)
            if core not in self.used:
                self.used.add(core)
                start, end = self.rng.choice([("บริษัท ", " จำกัด"), ("บริษัท ", " จำกัด (มหาชน)"), ("หจก. ", ""), ("", "")])
                return f"{start}{core}{end}"

    def placed(self, truth: int, name: str, country: str) -> Entity:
        city = self.rng.choice(COUNTRIES[country][1])
        return Entity(
            truth, "", country, name=name, city=city, postal=f"{self.rng.randrange(10000, 99999)}",
            website=f"https://www.{_plain(name)[:18] or 'site'}{truth}.com", phone=self.number(country),
        )  # fmt: skip

    def subsidiary(self, truth: int, parent: Entity) -> Entity:
        """Same brand and web address, another country: another company."""
        brand = parent.name.split(" ")[0]
        free = [c for c in COUNTRIES if c != parent.country and f"{brand} {c}" not in self.used]
        if not free:
            return self.common_company(truth)
        country = self.rng.choice(free)
        self.used.add(f"{brand} {country}")
        form = self.rng.choice([f for f in COUNTRIES[country][2] if f])
        made = self.placed(truth, f"{brand} {country} {form}", country)
        return replace(made, website=parent.website)

    def sister(self, truth: int, parent: Entity) -> Entity:
        """Same brand, web address, country and town, another trade: another company of the group."""
        brand = parent.name.split(" ")[0]
        free = [t for t in TRADES if f"{brand} {t}" not in self.used and t not in parent.name]
        if not free or not brand.isascii():
            return self.common_company(truth)
        trade = self.rng.choice(free)
        self.used.add(f"{brand} {trade}")
        made = self.placed(
            truth, f"{brand} {trade} {self.rng.choice(COUNTRIES[parent.country][2])}".strip(), parent.country
        )
        return replace(made, website=parent.website, city=parent.city)

    def common_company(self, truth: int) -> Entity:
        """A name hundreds of companies have, each in another town and without a web address."""
        name = self.rng.choice(
            ["Sunrise Cafe", "City Pharmacy", "Star Trading", "Golden Dragon Restaurant", "ร้านทองเยาวราช"]
        )
        country = self.rng.choice(list(COUNTRIES))
        made = self.placed(truth, name, country)
        return replace(made, website="", city=f"{made.city} {truth}")

    def near_brand(self, truth: int, other: Entity) -> Entity:
        """One letter away from another company's name, and somewhere else."""
        country = self.rng.choice([c for c in COUNTRIES if c != other.country])
        word = other.name.split(" ")[0]
        at = self.rng.randrange(1, max(2, len(word)))
        return self.placed(
            truth, f"{word[:at]}{self.rng.choice('kpst')}{word[at + 1 :]} {self.rng.choice(TRADES)}", country
        )

    def person(self, truth: int, world: World) -> Entity:
        dice = self.rng.random()
        home = self.rng.randrange(len(world.companies))
        company = world.companies[home]
        if dice < 0.08:  # a common name, at many companies
            first, last = self.rng.choice([("John", "Smith"), ("Maria", "Garcia"), ("David", "Jones"), ("Wei", "Chen")])
        elif dice < 0.14 and world.families:  # of the same family, at the same company
            relative = self.rng.choice(world.families)
            home, last = relative.home, relative.last
            company = world.companies[home]
            first = self.rng.choice([n for n in FIRST if n[0] != relative.first[:1]])
        elif company.country == "Thailand" and self.rng.random() < 0.7:
            first, last = self.rng.choice(THAI_FIRST), self.thai_surname()
        else:
            first, last = self.rng.choice(FIRST), self.surname()
        made = Entity(
            truth, "", company.country, first=first, last=last, home=home, phone=self.number(company.country),
            email=self.address(first, last, company, truth),
        )  # fmt: skip
        world.families.append(made)
        return made

    def surname(self) -> str:
        base = self.rng.choice(LAST)
        return base if self.rng.random() < 0.5 else f"{base}-{self.rng.choice(LAST)}"

    def thai_surname(self) -> str:
        return self.rng.choice(THAI_LAST) + (self.rng.choice(THAI_LAST) if self.rng.random() < 0.6 else "")

    def address(self, first: str, last: str, company: Entity, truth: int) -> str:
        local = f"{_plain(first)}.{_plain(last)}" if first.isascii() or _plain(first) else f"user{truth}"
        if company.website and self.rng.random() < 0.75:
            return f"{local}@{company.website.removeprefix('https://www.')}"
        return f"{local}{truth}@{self.rng.choice(FREE)}"

    def number(self, country: str) -> str:
        code = COUNTRIES[country][0]
        digits = "".join(str(self.rng.randrange(10)) for _ in range(LINE_DIGITS[code]))
        return f"+{DIAL[code]} {LANDLINE[code]} {digits[:3]} {digits[3:]}"

    # --- duplicates -----------------------------------------------------------------------
    def corrupted(self, entity: Entity, ways: dict[str, "Way"]) -> Entity:
        done = {name: made for name, way in ways.items() if (made := way(self.rng, entity)) is not None}
        how, made = self.rng.choice(list(done.items()))
        made = replace(made, how=how, phone=rewritten_phone(self.rng, made.phone, made.country))
        if self.rng.random() < 0.25 and how != "initial":  # a second thing went wrong
            again = ways["typo"](self.rng, made)
            made = again or made
        for name in ("website", "phone", "city", "postal", "email"):
            if self.rng.random() < 0.3:
                made = replace(made, **{name: ""})
        keeps = [made.website, made.phone, made.email] if how != "other address" else [made.phone]
        if not any(keeps):  # something to know it by, beside its name
            made = replace(made, phone=entity.phone, website=entity.website)
        return made


Way = Callable[[random.Random, Entity], Entity | None]


_PLAIN = str.maketrans("åéüñíäöèêçøłńśźżóąęáúëïßÅÉÜÑÍÄÖØŁ", "aeuniaoeecolnszzoaeaueisAEUNIAOOL")


def _plain(text: str) -> str:
    return "".join(c for c in text.translate(_PLAIN).lower() if c.isascii() and c.isalnum())


def typo(rng: random.Random, text: str) -> str:
    """One slip: a letter doubled, dropped, replaced or swapped with the next; not the first one of the text."""
    places = [i for i in range(1, len(text) - 1) if text[i].isalpha() and text[i + 1].isalpha()]
    if not places:
        return text
    at = rng.choice(places)
    kind = rng.randrange(4)
    if kind == 0:
        return text[:at] + text[at] + text[at:]
    if kind == 1:
        return text[:at] + text[at + 1 :]
    if kind == 2:
        return text[:at] + rng.choice("aeioustrn") + text[at + 1 :]
    return text[:at] + text[at + 1] + text[at] + text[at + 2 :]


def rewritten_phone(rng: random.Random, phone: str, country: str) -> str:
    code = COUNTRIES[country][0]
    national = phone.removeprefix(f"+{DIAL[code]} ")
    area, *line = national.split(" ")
    ways = [
        phone,
        phone.replace(" ", ""),
        phone.replace(" ", "-"),
        f"00{phone[1:]}" if code != "US" else phone,
        TRUNK[code] + national.replace(" ", ""),
        f"({TRUNK[code]}{area}) {''.join(line)}",
    ]
    return rng.choice(ways) if phone else ""


def _if_changed(entity: Entity, **changes: str) -> Entity | None:
    return (
        None if all(getattr(entity, name) == value for name, value in changes.items()) else replace(entity, **changes)
    )


FORMS = ["Inc.", "LLC", "Corp.", "Corporation", "GmbH & Co. KG", "GmbH", "AG", "SARL", "S.A.", "SAS", "Ltd", "Limited",
         "PLC", "S.L.", "AB", "Sp. z o.o.", "Co., Ltd.", "Public Company Limited"]  # fmt: skip


def other_form(rng: random.Random, e: Entity) -> Entity | None:
    if not e.name or "บริษัท" in e.name or "หจก" in e.name:
        return None
    bare = next((e.name.removesuffix(" " + form) for form in FORMS if e.name.endswith(" " + form)), e.name)
    own = [form for form in COUNTRIES[e.country][2] if not e.name.endswith(" " + form)]
    return replace(e, name=f"{bare} {rng.choice(own)}".strip().replace("  ", " ")) if own else None


def thai_form(rng: random.Random, e: Entity) -> Entity | None:
    bare = e.name.removeprefix("บริษัท ").removeprefix("หจก. ").removesuffix(" (มหาชน)").removesuffix(" จำกัด")
    if bare == e.name:
        return None
    return replace(
        e, name=rng.choice([f"บจก. {bare}", f"บมจ.{bare}", f"บริษัท{bare} จำกัด", bare, f"บริษัท {bare} จำกัด(มหาชน)"])
    )


def thai_marks(rng: random.Random, e: Entity) -> Entity | None:
    drop = {ord(c): None for c in "่้๊๋์"}
    return _if_changed(e, name=e.name.translate(drop), first=e.first.translate(drop), last=e.last.translate(drop))


def no_accents(rng: random.Random, e: Entity) -> Entity | None:
    return _if_changed(
        e, name=e.name.translate(_PLAIN), first=e.first.translate(_PLAIN), last=e.last.translate(_PLAIN),
        city=e.city.translate(_PLAIN),
    )  # fmt: skip


def short_words(rng: random.Random, e: Entity) -> Entity | None:
    name = e.name
    for long, short in SHORTER.items():
        name = name.replace(long, short)
    return _if_changed(e, name=name)


COMPANY_WAYS: dict[str, Way] = {
    "typo": lambda rng, e: (
        _if_changed(e, name=typo(rng, e.name.split(" ")[0]) + e.name[len(e.name.split(" ")[0]) :])
        if "บริษัท" not in e.name and "หจก" not in e.name and len(e.name.split(" ")[0]) > 4
        else None
    ),
    "legal form": other_form,
    "Thai form": thai_form,
    "Thai marks": thai_marks,
    "accents": no_accents,
    "short words": short_words,
    "case": lambda rng, e: _if_changed(e, name=rng.choice([e.name.upper(), e.name.lower()])),
    "ampersand": lambda rng, e: _if_changed(e, name=e.name.replace(" & ", " and ")) if " & Co" not in e.name else None,
    "punctuation": lambda rng, e: _if_changed(e, name=f"{e.name.replace('.', '').replace(' ', '  ')} "),
    "web address": lambda rng, e: (
        replace(e, website=e.website.removeprefix("https://www.").upper()) if e.website else None
    ),
}


def person_typo(rng: random.Random, e: Entity) -> Entity | None:
    if rng.random() < 0.5 and len(e.first) > 4:
        return _if_changed(e, first=typo(rng, e.first))
    return _if_changed(e, last=typo(rng, e.last))


def titled(rng: random.Random, e: Entity) -> Entity | None:
    return replace(e, first=f"{rng.choice(['Dr.', 'Mr', 'Ms', 'Prof.'])} {e.first}") if e.first.isascii() else None


def honoured(rng: random.Random, e: Entity) -> Entity | None:
    return replace(e, first=rng.choice(["นาย", "คุณ", "น.ส."]) + e.first) if not _plain(e.first) else None


def elsewhere(rng: random.Random, e: Entity) -> Entity | None:
    return replace(e, email=f"{_plain(e.last)[:8] or 'me'}{rng.randrange(1000, 9999)}@gmail.com")


PERSON_WAYS: dict[str, Way] = {
    "typo": person_typo,
    "swapped fields": lambda rng, e: replace(e, first=e.last, last=e.first),
    "initial": lambda rng, e: replace(e, first=f"{e.first[0]}.") if e.first.isascii() else None,
    "title": titled,
    "Thai honorific": honoured,
    "Thai marks": thai_marks,
    "accents": no_accents,
    "case": lambda rng, e: _if_changed(e, first=e.first.upper(), last=e.last.upper()),
    "address tag": lambda rng, e: replace(e, email=e.email.replace("@", "+news@")) if e.email else None,
    "address case": lambda rng, e: replace(e, email=e.email.upper()) if e.email else None,
    "other address": elsewhere,
}
