"""Invented people and companies: given and family names of several cultures, and parts of company names."""

import unicodedata

import numpy as np

from data_collection.demo.calc.draws import Ints, Texts

_PEOPLE = {
    "us": (
        "Grace Ethan Olivia Noah Hannah Caleb Megan Jordan Tessa Wyatt Paige Dylan Naomi Blake Erin Owen",
        ("Whitfield Mercer Holloway Pruitt Langley Sutton Barlow Kessler Haskins Draper Winslow Tate Rowley Vance "
        "Ashby Corbin"),
    ),
    "spanish": (
        "Lucía Mateo Carmen Diego Inés Álvaro Marta Rubén Elena Gonzalo Paula Javier Nuria Andrés Clara Tomás",
        ("Montalbán Ibáñez Cortijo Salcedo Peñalver Arriaga Quintana Bermúdez Olmedo Zurita Lozano Cabello Nájera "
        "Villalta Robledo Escudero"),
    ),
    "brazilian": (
        ("João Beatriz Rafael Camila Thiago Larissa Bruno Juliana Caio Renata Vinícius Fernanda Otávio Letícia Davi "
        "Isadora"),
        ("Albuquerque Teixeira Monteiro Siqueira Cavalcanti Drummond Furtado Novaes Bragança Peixoto Valadares "
        "Rezende Queiroz Salles Toledo Prado"),
    ),
    "nigerian": (
        "Amara Chidi Ngozi Tunde Folake Emeka Yetunde Ifeanyi Bola Kemi Segun Zainab Obinna Adaeze Musa Ronke",
        ("Okafor Adeyemi Nwosu Balogun Eze Ogunleye Onyeka Abubakar Chukwu Adebayo Nnamdi Lawal Oyelaran Udeh "
        "Bankole Ekwueme"),
    ),
    "chinese": (
        "Mei Wei Jing Hao Xiu Liang Yan Cheng Ling Bo Fang Jun Qing Tao Hui Rui",
        "Zhang Chen Zhao Huang Lin Guo Luo Xie Tang Deng Feng Cao Peng Song Pan Yuan",
    ),
    "indian": (
        "Priya Arjun Kavya Rohan Ananya Vikram Meera Sanjay Divya Karthik Nisha Rahul Lakshmi Aditya Pooja Suresh",
        ("Raman Iyer Deshpande Kulkarni Mehta Banerjee Nair Chatterjee Reddy Joshi Pillai Bhatt Sengupta Malhotra "
        "Gowda Trivedi"),
    ),
    "german": (
        "Lena Jonas Katrin Felix Anja Moritz Heike Stefan Nele Björn Ulrike Tobias Greta Holger Silke Jürgen",
        ("Brandes Kühn Lindemann Vogt Reinhardt Osterloh Pfeiffer Steinmetz Wegener Bäcker Hartwig Thiele Rösler "
        "Albers Drews Kessel"),
    ),
    "swedish": (
        "Annika Erik Maja Lars Sigrid Nils Elsa Gustav Linnea Axel Freja Henrik Astrid Oskar Ebba Rasmus",
        ("Lindqvist Ekström Sandberg Nyström Hallberg Åkesson Dahlgren Wikström Söderlund Blomqvist Engström Holmberg "
        "Ravn Kjeldsen Forsberg Norling"),
    ),
    "french": (
        "Camille Julien Aurélie Mathis Chloé Bastien Margaux Étienne Inès Quentin Solène Rémi Léa Gaspard Maëlle Luc",
        ("Delacourt Marchand Besson Rivière Chastain Lemoine Garnier Vasseur Fontenay Roussel Prévost Joubert Arnaud "
        "Colin Mallet Tissot"),
    ),
    "polish": (
        "Zofia Jakub Agnieszka Michał Kinga Paweł Hanna Marek Ewa Kacper Magda Tomasz Iga Rafał Olga Piotr",
        ("Zawadzka Krawiec Sobczyk Walczak Jasińska Gajda Michalak Borkowski Urban Sikora Kozioł Drozd Czerwik Lis "
        "Wrona Maj"),
    ),
    "arabic": (
        "Layla Omar Nadia Karim Yasmin Hassan Rania Tariq Salma Idris Amina Faisal Dina Khalil Huda Samir",
        ("Haddad Mansour Al-Khatib Nasser Rahmani Farouk Zaidan Sabbagh Darwish Al-Masri Qasim Barakat Touma Shaheen "
        "Ayoub Hakimi"),
    ),
    "thai": (
        "Ploy Anan Kanya Somchai Narin Malee Krit Suda Pim Thana Wanida Chai Araya Nattapong Dao Prasit",
        ("Srisai Thongdee Wattana Chaiyasit Boonmee Saetang Kittikul Phromma Rattanakul Jaidee Meechai Suksan "
        "Kaewmanee Intharak Panyawong Limsakul"),
    ),
    "vietnamese": (
        "Linh Minh Thao Quang Huong Tuan Mai Duc Lan Khoa Trang Phong Ngoc Bao Hanh Long",
        "Nguyen Tran Pham Hoang Vu Dang Bui Do Ho Ngo Duong Ly Dinh Trinh Mac Ta",
    ),
    "japanese": (
        "Aiko Haruto Yui Ren Sakura Daichi Emi Kaito Nanami Sota Rin Takumi Hina Kenji Mio Riku",
        ("Fujimori Nakagawa Ishikawa Takeda Morita Hayashi Okada Matsuda Kuroda Shibata Endo Uchida Nishida Kono "
        "Arai Sugawara"),
    ),
    "indonesian": (
        "Dewi Budi Sari Agus Putri Bayu Indah Rizky Wulan Hendra Ratna Fajar Intan Yoga Citra Dimas",
        ("Santoso Wijaya Pratama Hidayat Kusuma Setiawan Nugroho Lestari Saputra Wibowo Halim Gunawan Maharani "
        "Siregar Harahap Utomo"),
    ),
}  # fmt: skip
CULTURES = tuple(_PEOPLE)
GIVEN = np.array([given.split() for given, _family in _PEOPLE.values()], dtype=object)  # (cultures, 16)
FAMILY = np.array([family.split() for _given, family in _PEOPLE.values()], dtype=object)

_ROOTS = (
    "Alder Amber Ardent Birch Bright Cedar Clear Cobalt Copper Coral Crest Dawn Delta Ember Fair Falcon Fern Flint "
    "Gale Glen Golden Granite Green Harbor Hazel Heron High Iron Ivory Jade Juniper Keel Lake Lark Linden Lotus Maple "
    "Meadow Mist Moss North Oak Olive Onyx Opal Otter Pearl Pine Quartz Raven Red River Rowan Sable Saffron Silver "
    "Slate Stone Summit Tern Thistle Umber Vale West Willow Wren"
).split()
_ENDINGS = (
    "bay bank bridge brook burn cliff cove croft dale dell fell field ford gate grove ham haven hill holm hurst land "
    "ley line mark mere moor path point port ridge rock run shaw shore side stead thorpe ton view ville ward way well "
    "wick wood worth"
).split()
_NOUNS = {
    "Logistics": "Logistics|Freight|Forwarding|Haulage",
    "Manufacturing": "Works|Manufacturing|Tooling|Machines",
    "Food and drink": "Foods|Dairy|Beverages|Bakeries",
    "Construction": "Construction|Civil|Builders|Concrete",
    "Energy": "Energy|Power|Wind|Solar",
    "Retail": "Stores|Retail|Market|Trading",
    "Health care": "Clinics|Health|Medical|Care",
    "Agriculture": "Farms|Agro|Growers|Harvest",
    "Education": "College|Academy|Institute|School",
    "Public transport": "Transit|Bus Lines|Tramways|Rail Authority",
    "Municipality": "City Council|District Office|County|Town Hall",
    "Utilities": "Water Board|Grid|Waterworks|Waste Services",
}
_FORMS = {"DE": "GmbH", "AT": "GmbH", "CH": "AG", "US": "Inc.", "CA": "Ltd.", "GB": "Ltd", "AU": "Pty Ltd", "NZ": "Ltd",
          "FR": "SA", "ES": "SL", "PT": "Lda", "IT": "SpA", "PL": "Sp. z o.o.", "SE": "AB", "DK": "A/S", "NL": "BV",
          "MX": "SA de CV", "CO": "SAS", "BR": "Ltda.", "TR": "A.Ş.", "TH": "Co., Ltd.", "VN": "JSC",
          "SG": "Pte Ltd", "MY": "Sdn Bhd", "ID": "PT", "IN": "Pvt Ltd", "JP": "KK"}  # fmt: skip


def plain(text: str) -> str:
    """Lower-case ASCII letters and digits, for e-mail addresses and codes."""
    letters = text.translate(str.maketrans("øØłŁßıđ", "oOlLsid"))
    ascii_text = unicodedata.normalize("NFKD", letters).encode("ascii", "ignore").decode()
    return "".join(c for c in ascii_text.lower() if c.isalnum())


_plain = np.vectorize(plain, otypes=[object])
GIVEN_PLAIN: Texts = _plain(GIVEN)
FAMILY_PLAIN: Texts = _plain(FAMILY)


def company_names(industries: Texts, countries: Texts, cities: Texts, rng: np.random.Generator) -> tuple[Texts, Texts]:
    """A name and a web domain for each account, names unique among some 20,000; both of shape (accounts,)."""
    stems = np.array([root + ending for root in _ROOTS for ending in _ENDINGS], dtype=object)
    rng.shuffle(stems)
    names, domains = [], []
    for i, (industry, country, city) in enumerate(zip(industries, countries, cities, strict=True)):
        stem, round_ = stems[i % len(stems)], i // len(stems)
        noun = _NOUNS[industry].split("|")[(i + round_) % 4]
        place = f" {city}" if round_ > 3 else ""
        form = "" if industry in ("Municipality", "Public transport", "Utilities", "Education") else _FORMS[country]
        names.append(f"{stem} {noun}{place} {form}".strip())
        domains.append(f"{plain(stem + noun)}{round_ or ''}.example")
    return np.array(names, dtype=object), np.array(domains, dtype=object)


def people(cultures: Ints, rng: np.random.Generator) -> tuple[Texts, Texts, Texts]:
    """Given names, family names and the part of the address before the @, each of shape (people,)."""
    given = rng.integers(0, GIVEN.shape[1], len(cultures))
    family = rng.integers(0, FAMILY.shape[1], len(cultures))
    local = GIVEN_PLAIN[cultures, given] + "." + FAMILY_PLAIN[cultures, family]
    return GIVEN[cultures, given], FAMILY[cultures, family], local
