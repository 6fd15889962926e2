"""Synthetic personal data for tests. No address, number or key belongs to anyone; keys are random.

Check digits are computed from their definitions, independently of the code in the stage.
"""

from __future__ import annotations

import ipaddress
import string
from collections.abc import Callable
from itertools import pairwise
from random import Random

Maker = Callable[[Random], str]

_HARMLESS = "example.com example.org example.net mail.example firma.example shop.example.co.uk müller-bau.example.de"
_NAMES = "anna jan.novak li_wei o.schmidt maria-jose k.tanaka paul42 info press.office ivan+news j_d contact zoë.k x"


def pick(chance: Random, words: str) -> str:
    """Return one of the words."""
    return chance.choice(words.split())


def digits(chance: Random, shape: str) -> str:
    """Fill a shape: `d` becomes a digit, `N` a digit from 2 to 9; the rest does not change."""
    return "".join(
        str(chance.randrange(10)) if c == "d" else str(chance.randrange(2, 10)) if c == "N" else c for c in shape
    )


def tail(chance: Random, n: int, letters: str = string.ascii_letters + string.digits) -> str:
    """Return random characters, with at least two digits if digits are allowed."""
    text = [chance.choice(letters) for _ in range(n)]
    if "7" in letters:
        text[1], text[-2] = "7", "4"
    return "".join(text)


# ---------------------------------------------------------------------- addresses


def email(chance: Random) -> str:
    """A plain address."""
    return f"{pick(chance, _NAMES)}@{pick(chance, _HARMLESS)}"


def disguised(chance: Random) -> str:
    """An address with `@` and dots written as words."""
    at = chance.choice([" [at] ", "(at)", " (AT) ", "[at]", " {at} "])
    dot = chance.choice([".", " [dot] ", "(dot)", "[punkt]", " dot "])
    return f"{pick(chance, 'anna jan li paul42 info maria-jose')}{at}example{dot}{pick(chance, 'com org de')}"


def ip(chance: Random) -> str:
    """A public address of either version."""
    if chance.random() < 0.7:
        return ip4(chance)
    groups = [f"{chance.randrange(1, 65536):x}" for _ in range(7)]
    first = f"2a{chance.randrange(256):02x}"
    return chance.choice([":".join([first, *groups]), f"{first}:{groups[0]}::{groups[1]}:{groups[2]}"])


def ip4(chance: Random) -> str:
    """A public address of version 4."""
    while True:
        text = ".".join(str(chance.randrange(33, 224)) for _ in range(4))
        if ipaddress.ip_address(text).is_global:
            return text


# ---------------------------------------------------------------------- phones

_PHONES = """
+1 (Ndd) 555-01dd|+1-Ndd-555-01dd|+1Ndd55501dd|(Ndd) 555-01dd|Ndd-555-01dd|Ndd.555.01dd|1-800-555-01dd
+44 20 7946 09dd|+44 (0)20 7946 09dd|020 7946 09dd|07700 9009dd|(0117) 496 09dd|01632 9609dd
+49 30 2312 5dd9|+49 (0)89 2312 5dd|030/2312 5dd|(0221) 4710 9dd|0171-3920 0dd9|0171/39200dd|089-3920 0dd
+33 1 99 00 dd dd|01 99 00 dd dd|06.39.98.dd.dd|+33 (0)6 39 98 dd dd|+33199000dd9
+34 612 34 dd dd|+39 06 4547 9dd9|+39 347 555 dd99|+31 20 555 9dd9|020-555 9dd9|+32 2 555 dd dd|+41 44 555 dd dd
+46 8 555 9dd 99|070-123 45 dd|+47 22 55 dd dd|+45 32 55 dd dd|+48 22 555 dd dd|+420 222 555 9dd|+7 495 555-dd-dd
8 (495) 555-dd-dd|8-800-555-dd-dd|+86 138 0013 9dd9|138-0013-9dd9|138 0013 9dd9|010-6555 9dd9|0755-8655dd99|（010）6555dd99
03-5555-9dd9|090-5555-9dd9|+81 3-5555-9dd9|02-555-9dd9|010-5555-9dd9|+82 10-5555-9dd9|+91 98765 4dd99|+91-22-5555-9dd9
+55 11 95555-9dd9|(11) 95555-9dd9|(21) 3555-9dd9|+52 55 5555 9dd9|+61 2 5550 9dd9|(02) 5550 9dd9|0412 555 9dd|+64 9 555 9dd9
+90 212 555 dd dd|0532 555 dd dd|+27 21 555 9dd9|+234 803 555 9dd9|+254 712 555 9dd|+966 50 555 9dd9|+971 4 555 9dd9|+65 6555 9dd9
""".replace("\n", "|").strip("|").split("|")  # fmt: skip

_CALLED_PHONES = (
    "555-01dd|5550 1dd9|612 345 9dd|6555 9dd9|139001390dd|22 55 dd dd|9876543dd9|0305550dd9|07700900dd9|55 5555 9dd9"
)


def phone(chance: Random) -> str:
    """A number in a telephone format."""
    return digits(chance, chance.choice(_PHONES).strip())


def called_phone(chance: Random) -> str:
    """A number that is a phone number only because of the words before it."""
    return digits(chance, chance.choice(_CALLED_PHONES.split("|")))


# ---------------------------------------------------------------------- numbers with check digits


def _luhn_digit(number: str) -> str:
    doubled = "0246813579"
    total = sum(int(doubled[int(d)] if k % 2 == 0 else d) for k, d in enumerate(reversed(number)))
    return str(-total % 10)


def card(chance: Random) -> str:
    """A card number, with or without groups."""
    first, length = chance.choice(
        [("4", 16), ("4", 16), ("52", 16), ("2345", 16), ("37", 15), ("6011", 16), ("3541", 16), ("62", 16), ("62", 19)]
    )
    number = first + digits(chance, "d" * (length - 1 - len(first)))
    number += _luhn_digit(number)
    joint = chance.choice(["", " ", "-"])
    cuts = (0, 4, 10, 15) if length == 15 else (0, 4, 8, 12, 16, 19)
    return joint.join(number[a:b] for a, b in pairwise(cuts) if number[a:b])


def iban(chance: Random) -> str:
    """An IBAN of one of several countries, with or without spaces."""
    country, shape = chance.choice(
        [("DE", "d" * 18), ("GB", "NWBK" + "d" * 14), ("FR", "d" * 23), ("ES", "d" * 20), ("NL", "ABNA" + "d" * 10),
         ("IT", "X" + "d" * 22), ("AT", "d" * 16), ("CH", "d" * 17), ("BE", "d" * 12), ("NO", "d" * 11), ("PL", "d" * 24),
         ("SE", "d" * 20), ("TR", "d" * 22), ("SA", "d" * 20), ("LT", "d" * 16), ("PT", "d" * 21)]
    )  # fmt: skip
    account = digits(chance, shape)
    value = int("".join(str(string.digits.find(c) if c.isdigit() else ord(c) - 55) for c in account + country + "00"))
    text = f"{country}{98 - value % 97:02d}{account}"
    return text if chance.random() < 0.5 else " ".join(text[k : k + 4] for k in range(0, len(text), 4))


def _birthday(chance: Random) -> tuple[int, int, int]:
    return chance.randrange(1940, 2006), chance.randrange(1, 13), chance.randrange(1, 29)


def ssn(chance: Random) -> str:
    """United States: areas 001 to 899 except 666."""
    return f"{chance.randrange(1, 600):03d}-{chance.randrange(1, 100):02d}-{chance.randrange(1, 10000):04d}"


def nino(chance: Random) -> str:
    """United Kingdom, with spaces as printed on the card."""
    return f"{pick(chance, 'AB CE JT SR')} {digits(chance, 'dd dd dd')} {pick(chance, 'A B C D')}"


def chinese(chance: Random) -> str:
    """China: region, birthday, serial, check."""
    year, month, day = _birthday(chance)
    number = (
        f"{chance.choice(['110105', '310112', '440305', '510107'])}{year}{month:02d}{day:02d}{digits(chance, 'ddd')}"
    )
    total = sum(int(d) * pow(2, 17 - k, 11) for k, d in enumerate(number))
    rest = (12 - total) % 11
    return number + ("X" if rest == 10 else str(rest))


def german(chance: Random) -> str:
    """Germany, tax: one digit twice, one not at all, and a check digit (ISO 7064 mod 11, 10)."""
    while True:
        order = chance.sample("0123456789", 9)
        order.insert(chance.randrange(9), order[0])
        number = "".join(order)
        if number[0] != "0":
            break
    for check in "0123456789":
        state = 10
        for d in number:
            state = ((state + int(d) - 1) % 10 + 1) * 2 % 11
        if (state + int(check)) % 10 == 1:
            number += check
            return number if chance.random() < 0.5 else f"{number[:2]} {number[2:5]} {number[5:8]} {number[8:]}"
    raise AssertionError(number)


def french(chance: Random) -> str:
    """France: sex, year, month, place, serial, key."""
    year, month, _ = _birthday(chance)
    parts = [
        chance.choice("12"),
        f"{year % 100:02d}",
        f"{month:02d}",
        f"{chance.randrange(1, 96):02d}",
        digits(chance, "ddd"),
        digits(chance, "ddd"),
    ]
    key = f"{97 - int(''.join(parts)) % 97:02d}"
    return chance.choice(["", " "]).join([*parts, key])


def spanish(chance: Random) -> str:
    """Spain: citizens and residents."""
    number = digits(chance, "Nddddddd")
    letters = "TRWAGMYFPDXBNJZSQVHLCKE"
    if chance.random() < 0.4:
        first = chance.choice("XYZ")
        return f"{first}{number[1:]}{letters[int(str('XYZ'.index(first)) + number[1:]) % 23]}"
    return f"{number}{chance.choice(['', '-'])}{letters[int(number) % 23]}"


def italian(chance: Random) -> str:
    """Italy: letters of the name, birthday, place, check."""
    year, month, day = _birthday(chance)
    name = tail(chance, 6, "BCDFGLMNPRSTV")
    text = f"{name}{year % 100:02d}{'ABCDEHLMPRST'[month - 1]}{day:02d}{chance.choice('AFGHL')}{digits(chance, 'Ndd')}"
    odd = "BAKPLCQDREVOSFTGUHMINJWZYX"
    total = sum(odd.index(chr(65 + int(c, 36) % 10) if c.isdigit() else c) if k % 2 == 0 else int(c) if c.isdigit() else ord(c) - 65
                for k, c in enumerate(text))  # fmt: skip
    return text + chr(65 + total % 26)


def brazilian(chance: Random) -> str:
    """Brazil: two check digits."""
    number = digits(chance, "Ndddddddd")
    for _ in range(2):
        total = sum(int(d) * weight for d, weight in zip(reversed(number), range(2, 13), strict=False))
        number += str(0 if total % 11 < 2 else 11 - total % 11)
    return f"{number[:3]}.{number[3:6]}.{number[6:9]}-{number[9:]}"


def indian(chance: Random) -> str:
    """India: twelve digits, the last by Verhoeff's tables."""
    number = digits(chance, "Ndddddddddd")
    multiply = ["0123456789", "1234067895", "2340178956", "3401289567", "4012395678",
                "5987604321", "6598710432", "7659821043", "8765932104", "9876543210"]  # fmt: skip
    permute = [
        "0123456789",
        "1576283094",
        "5803796142",
        "8916043527",
        "9453126870",
        "4286573901",
        "2793806415",
        "7046913258",
    ]
    for check in "0123456789":
        state = 0
        for k, d in enumerate(reversed(number + check)):
            state = int(multiply[state][int(permute[k % 8][int(d)])])
        if state == 0:
            number += check
            break
    return f"{number[:4]} {number[4:8]} {number[8:]}"


def korean(chance: Random) -> str:
    """South Korea: birthday, sex and century, serial."""
    year, month, day = _birthday(chance)
    return (
        f"{year % 100:02d}{month:02d}{day:02d}-{chance.choice('12' if year < 2000 else '34')}{digits(chance, 'dddddd')}"
    )


def swedish(chance: Random) -> str:
    """Sweden: birthday, serial, check."""
    year, month, day = _birthday(chance)
    number = f"{year % 100:02d}{month:02d}{day:02d}{digits(chance, 'ddd')}"
    return f"{number[:6]}-{number[6:]}{_luhn_digit(number)}"


PEOPLE = (ssn, nino, chinese, german, french, spanish, italian, brazilian, korean, swedish)
"""Numbers that are found without a word before them."""

# ---------------------------------------------------------------------- keys

_UPPER = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
_HEX = "0123456789abcdef"


def armour(edge: str, kind: str) -> str:
    """Return the first or last line of a private key."""
    return f"-----{edge} {kind} " + "PRIVATE " + "KEY-----"


def key(chance: Random) -> str:
    """A random key with the prefix of a known service."""
    kinds: list[Callable[[], str]] = [
        lambda: "AK" + "IA" + tail(chance, 16, _UPPER),
        lambda: "AI" + "za" + tail(chance, 35),
        lambda: f"gh{chance.choice('pousr')}" + "_" + tail(chance, 36),
        lambda: "github" + "_pat_" + tail(chance, 22) + "_" + tail(chance, 59),
        lambda: "gl" + "pat-" + tail(chance, 20),
        lambda: f"xox{chance.choice('bpas')}" + "-" + digits(chance, "dddddddddd-dddddddddd-") + tail(chance, 24),
        lambda: f"{chance.choice('sr')}k_" + f"{chance.choice(['live', 'test'])}_" + tail(chance, 24),
        lambda: "sk" + "-" + tail(chance, 48),
        lambda: "sk" + "-proj-" + tail(chance, 60),
        lambda: "hf" + "_" + tail(chance, 34),
        lambda: "npm" + "_" + tail(chance, 36),
        lambda: "py" + "pi-AgE" + tail(chance, 80),
        lambda: "SG" + "." + tail(chance, 22) + "." + tail(chance, 43),
        lambda: "do" + "p_v1_" + tail(chance, 64, _HEX),
        lambda: "ey" + "J" + tail(chance, 33) + ".ey" + "J" + tail(chance, 60) + "." + tail(chance, 43),
        lambda: armour("BEGIN", pick(chance, "RSA EC OPENSSH")) + "\n" + "\n".join(tail(chance, 64) for _ in range(4))
        + "\n" + armour("END", "RSA"),
    ]  # fmt: skip
    return chance.choice(kinds)()


def login(chance: Random) -> str:
    """User and password as in a URL."""
    return f"{pick(chance, 'admin deploy jan svc_backup')}:{tail(chance, 10)}"


# ---------------------------------------------------------------------- what is none of it


def isbn(chance: Random) -> str:
    """A book number with its check digit, in a common grouping."""
    number = "978" + digits(chance, "ddddddddd")
    number += str(-sum(int(d) * (3 if k % 2 else 1) for k, d in enumerate(number)) % 10)
    return chance.choice([number, f"{number[:3]}-{number[3]}-{number[4:6]}-{number[6:12]}-{number[12]}"])


def wrong_card(chance: Random) -> str:
    """Sixteen digits in groups of four with a wrong check digit."""
    number = card(chance)
    return number[:-1] + str((int(number[-1]) + 1) % 10)


def blank_key(chance: Random) -> str:
    """A placeholder for a key, as in manuals."""
    return "gh" + "p_" + "x" * 36


def uuid(chance: Random) -> str:
    """A UUID."""
    return "-".join(tail(chance, n, _HEX) for n in (8, 4, 4, 4, 12))


def digest(chance: Random) -> str:
    """A hash in hexadecimal."""
    return tail(chance, chance.choice([7, 32, 40, 64]), _HEX)


def day(chance: Random) -> str:
    """A date in one of many forms, some with a time."""
    year, month, day = _birthday(chance)
    return chance.choice(
        [f"{year}-{month:02d}-{day:02d}", f"{day:02d}.{month:02d}.{year}", f"{day:02d}/{month:02d}/{year}", f"{month}/{day}/{year % 100:02d}",
         f"{year}-{month:02d}-{day:02d}T12:30:45Z", f"{day:02d}-{month:02d}-{year} 10:15", f"{year}{month:02d}{day:02d}",
         f"{year}/{month:02d}/{day:02d} 08:00:00", f"{year}-{year + 4}", f"{year}–{year + 4}"]
    )  # fmt: skip


def version(chance: Random) -> str:
    """A version of four parts."""
    return digits(
        chance, chance.choice(["Nd.d.Nddd.dd", "d.d.N.d", "N.d.dd", "10.0.Ndddd.Nddd", "96.0.4ddd.110", "1.dd.3.2"])
    )


def private_ip(chance: Random) -> str:
    """An address that is nobody's in public."""
    last = f"{chance.randrange(256)}.{chance.randrange(256)}"
    return pick(
        chance,
        f"10.20.{last} 192.168.{last} 172.20.{last} 127.0.0.1 0.0.0.0 255.255.255.0 169.254.{last} fe80::1 ::1 2001:db8::7",
    )
