"""What an address, a number and a name look like: patterns that Postgres and Python read alike, case ignored."""

#: One @, something before it, labels with dots between behind it, the last of two or more letters. Lenient on
#: purpose: it lets through what a mail server may take, and refuses what none takes.
EMAIL = r"""^[^@\s,;<>"()]+@([^@\s.,;<>"()]+\.)+[^@\s.,;<>"()0-9]{2,}$"""
#: 6 to 15 digits (ITU E.164 allows 15) with a plus before, spaces and signs between, an extension behind.
PHONE = r"^\+?[\s(]*([0-9][\s().\/-]*){6,15}((x|ext\.?|#)\s*[0-9]{1,6})?$"
#: One digit over and over: 0000000. Spelled out, as Postgres is slow with back references.
ONE_DIGIT = "|".join(rf"^[^0-9]*({digit}[^0-9]*){{2,}}$" for digit in "0123456789")
WEBSITE = r"^(https?:\/\/)?([^\s\/.@:?#]+\.)+[^\s\/.@:?#0-9]{2,}(:[0-9]+)?([\/?#]\S*)?$"

_WORDS = (
    "test", "tests", "testing", "tester", "test deal", "test account", "test lead", "test company", "test contact",
    "test opportunity", "test test", "testi", "asdf", "asdfgh", "asdfasdf", "qwerty", "qwertz", "qwer", "foobar",
    "n/a", "n.a.", "n.n.", "none", "null", "nil", "nothing", "unknown", "tbd", "tba", "tbc", "dummy", "sample",
    "example", "placeholder", "delete", "delete me", "do not use", "don't use", "new deal", "new opportunity",
    "new account", "new lead", "untitled", "unnamed", "no name", "noname", "abc", "abcd", "123", "1234", "12345",
)  # fmt: skip


def _pattern() -> str:
    words = "|".join(word.replace(".", r"\.").replace("/", r"\/").replace(" ", r"[\s_-]*") for word in _WORDS)
    same = "|".join(f"{letter}{{3,}}" for letter in "abcdefghijklmnopqrstuvwxyz")  # a back reference would be slow
    return rf"^\s*(({words})[\s_.#-]*[0-9]*|[-.?*_x]+|{same})\s*$"


#: A name typed to get past a form: one of the words above, a number behind or not; signs only; one letter repeated.
PLACEHOLDER = _pattern()
