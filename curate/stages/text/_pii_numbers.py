"""Find numbers with check digits: payment cards, bank accounts, national identity numbers."""

from __future__ import annotations

import re
from datetime import date

from curate.kernels import pii_candidates
from curate.stages.text._pii import Finder, Match, any_of, context_before, digits_of

NUMBER_START = rb"(?<![A-Za-z0-9_$#%/=\\])(?<!\d[.,:+-])(?<!\xe2\x82\xac)(?<!\xc2\xa3)"
"""Matches where a number can start: not inside a longer number, a word, a path or an amount of money."""

NUMBER_END = rb"(?![A-Za-z0-9_%])(?![.,:/-]\d)"
"""Matches where such a number can end."""

# ---------------------------------------------------------------------- check digits


def luhn(digits: str) -> bool:
    """Return whether the last digit is the check digit of ISO/IEC 7812-1 (Luhn)."""
    total = sum(int(d) for d in digits[-1::-2]) + sum(sum(divmod(2 * int(d), 10)) for d in digits[-2::-2])
    return total % 10 == 0


def mod97(text: str) -> int:
    """Return letters and digits modulo 97, with letters as 10 to 35 (ISO 7064)."""
    return int("".join(str(int(c, 36)) for c in text)) % 97


_DIHEDRAL = [
    [(a + b) % 5 if a < 5 and b < 5 else 5 + (a + b) % 5 if a < 5 else 5 + (a - b) % 5 if b < 5 else (a - b) % 5
     for b in range(10)] for a in range(10)
]  # fmt: skip
_TURN = (1, 5, 7, 6, 2, 8, 3, 0, 9, 4)


def verhoeff(digits: str) -> bool:
    """Return whether the last digit is the check digit of the Verhoeff algorithm."""
    check = 0
    for place, digit in enumerate(reversed(digits)):
        turned = int(digit)
        for _ in range(place % 8):
            turned = _TURN[turned]
        check = _DIHEDRAL[check][turned]
    return check == 0


def weighted(digits: str, weights: tuple[int, ...]) -> int:
    """Return the sum of the digits, each multiplied by its weight."""
    return sum(int(digit) * weight for digit, weight in zip(digits, weights, strict=False))


def is_date(year: int, month: int, day: int) -> bool:
    """Return whether the date exists."""
    try:
        date(year, month, day)
    except ValueError:
        return False
    return True


# ---------------------------------------------------------------------- cards

_ISSUERS = re.compile(
    r"4(?:\d{12}|\d{15}|\d{18})"  # Visa
    r"|(?:5[1-5]\d\d|222[1-9]|22[3-9]\d|2[3-6]\d\d|27[01]\d|2720)\d{12}"  # Mastercard
    r"|3[47]\d{13}"  # American Express
    r"|(?:6011|64[4-9]\d|65\d\d)\d{12}"  # Discover
    r"|3(?:0[0-5]|[68]\d)\d{11}"  # Diners Club
    r"|35(?:2[89]|[3-8]\d)\d{12}"  # JCB
    r"|62\d{14}(?:\d{3})?"  # UnionPay
    r"|220[0-4]\d{12}"  # Mir
    r"|(?:50|5[6-8]|63|67)\d{14}"  # Maestro
)
_COMMON_LENGTHS = (15, 16)
_CARD_WORDS = re.compile(
    any_of("card", "visa", "master", "amex", "diners", "kart", "carte", "tarjeta", "cart(?:ã|a)o", "卡", "карт")
    + rb"[^\n]{0,30}$", re.IGNORECASE,
)  # fmt: skip
_OTHER_NUMBER = re.compile(
    rb"\b(?:isbn|issn|ean|upc|gtin|imei|doi|oclc|lccn|pmid|order|invoice|sku|part|item|serial|model|version|patent|case"
    rb"|ticket|tracking|ref|reference|catalog(?:ue)?|article|bestellung|artikel|commande|pedido|sn|s/n|code)"
    rb"(?:[ -]?(?:no|nr|number|num|nummer|code|id|is))?[\s.:#=()\[-]{0,4}$"
    rb"|" + any_of("№", "订单号", "订单", "编号", "заказ") + rb"[\s.:#]{0,3}(?:\xef\xbc\x9a)?$",
    re.IGNORECASE,
)


def is_another_number(match: Match) -> bool:
    """Return whether the words before a number name another kind of number, such as an order number or an ISBN."""
    return _OTHER_NUMBER.search(context_before(match)) is not None


def _is_card(match: Match) -> bool:
    digits = digits_of(match)
    if not _ISSUERS.fullmatch(digits) or not luhn(digits) or len(set(digits)) < 3:
        return False
    if match.group().isdigit() and len(digits) not in _COMMON_LENGTHS and not digits.startswith("62"):
        return _CARD_WORDS.search(context_before(match)) is not None
    return not is_another_number(match)


# ---------------------------------------------------------------------- bank accounts

_IBAN_LENGTHS = {
    "AD": 24, "AE": 23, "AL": 28, "AT": 20, "AZ": 28, "BA": 20, "BE": 16, "BG": 22, "BH": 22, "BI": 27, "BR": 29,
    "BY": 28, "CH": 21, "CR": 22, "CY": 28, "CZ": 24, "DE": 22, "DJ": 27, "DK": 18, "DO": 28, "EE": 20, "EG": 29,
    "ES": 24, "FI": 18, "FK": 18, "FO": 18, "FR": 27, "GB": 22, "GE": 22, "GI": 23, "GL": 18, "GR": 27, "GT": 28,
    "HR": 21, "HU": 28, "IE": 22, "IL": 23, "IQ": 23, "IS": 26, "IT": 27, "JO": 30, "KW": 30, "KZ": 20, "LB": 28,
    "LC": 32, "LI": 21, "LT": 20, "LU": 20, "LV": 21, "LY": 25, "MC": 27, "MD": 24, "ME": 22, "MK": 19, "MN": 20,
    "MR": 27, "MT": 31, "MU": 30, "NI": 28, "NL": 18, "NO": 15, "OM": 23, "PK": 24, "PL": 28, "PS": 29, "PT": 25,
    "QA": 29, "RO": 24, "RS": 22, "RU": 33, "SA": 24, "SC": 31, "SD": 18, "SE": 24, "SI": 19, "SK": 24, "SM": 27,
    "SO": 23, "ST": 25, "SV": 28, "TL": 23, "TN": 24, "TR": 26, "UA": 29, "VA": 22, "VG": 24, "XK": 20, "YE": 30,
}  # fmt: skip
"""Length of an IBAN by country, from the SWIFT registry."""

_GAP = rb"(?: |-|\xc2\xa0|\xe2\x80\xaf)?"


def _account(country: str, length: int) -> bytes:
    fours, rest = divmod(length - 4, 4)
    last = rb"%s[A-Z0-9]{%d}" % (_GAP, rest) if rest else b""
    return country.encode() + rb"\d\d(?:%s[A-Z0-9]{4}){%d}%s" % (_GAP, fours, last)


_IBAN = re.compile(
    rb"(?<![A-Za-z0-9_.-])(?=[A-Z]{2}\d\d)(?:"
    + b"|".join(_account(country, length) for country, length in _IBAN_LENGTHS.items())
    + rb")(?![A-Za-z0-9_])"
)


def _is_iban(match: Match) -> bool:
    account = re.sub(rb"[^A-Z0-9]", b"", match.group()).decode()
    return mod97(account[4:] + account[:4]) == 1


# ---------------------------------------------------------------------- national identity numbers


def _named(*names: str):
    """Return a check whether one of these names stands directly before a number."""
    named = re.compile(
        rb"(?<![A-Za-z])" + any_of(*names) + rb"[^\d\n]{0,24}$",
        re.IGNORECASE,
    )
    return lambda match: named.search(context_before(match)) is not None


_named_ssn = _named("ssn", "social security", "social sec")
_named_nino = _named("nino", "ni", "nin", "national insurance")
_named_cpf = _named("cpf")
_named_aadhaar = _named("aadha?ar", "uidai", "uid", "आधार")
_named_pesel = _named("pesel")
_named_bsn = _named("bsn", "burgerservicenummer", "sofinummer")
_named_sin = _named("sin", "social insurance", "nas", "assurance sociale")


def _is_ssn(match: Match) -> bool:
    area, joint, group, serial = match.groups()
    is_given = area not in (b"000", b"666") and area < b"900" and group != b"00" and serial != b"0000"
    return is_given and (joint == b"-" or _named_ssn(match)) and not is_another_number(match)


def _is_nino(match: Match) -> bool:
    if match.group()[:2] in (b"BG", b"GB", b"NK", b"KN", b"TN", b"NT", b"ZZ"):
        return False
    return match.group().count(b" ") >= 3 or _named_nino(match)


def _is_chinese(match: Match) -> bool:
    text = match.group().decode().upper()
    if not is_date(int(text[6:10]), int(text[10:12]), int(text[12:14])):
        return False
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    return "10X98765432"[weighted(text[:17], weights) % 11] == text[17]


def _is_german(match: Match) -> bool:
    digits = digits_of(match)
    often = sorted(map(digits[:10].count, set(digits[:10])))
    if often[-1] not in (2, 3) or (len(often) > 1 and often[-2] != 1):
        return False
    product = 10
    for digit in digits[:10]:
        total = (int(digit) + product) % 10 or 10
        product = 2 * total % 11
    return (11 - product) % 10 == int(digits[10]) and not is_another_number(match)


def _is_french(match: Match) -> bool:
    digits = digits_of(match)
    return 97 - int(digits[:13]) % 97 == int(digits[13:])


def _is_spanish(match: Match) -> bool:
    text = re.sub(rb"[.-]", b"", match.group()).decode()
    number = int(text[:-1].translate(str.maketrans("XYZ", "012")))
    return "TRWAGMYFPDXBNJZSQVHLCKE"[number % 23] == text[-1]


_ODD = dict(zip("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ",
                [1, 0, 5, 7, 9, 13, 15, 17, 19, 21] * 2 + [2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23],
                strict=True))  # fmt: skip


def _is_italian(match: Match) -> bool:
    text = match.group().decode()
    total = sum(_ODD[c] for c in text[0:15:2]) + sum(int(c) if c.isdigit() else ord(c) - 65 for c in text[1:15:2])
    return chr(65 + total % 26) == text[15]


def _is_brazilian(match: Match) -> bool:
    digits = digits_of(match)
    if len(set(digits)) == 1:
        return False
    checks = [weighted(digits[:n], tuple(range(n + 1, 1, -1))) * 10 % 11 % 10 for n in (9, 10)]
    return f"{checks[0]}{checks[1]}" == digits[9:] and (b"." in match.group() or _named_cpf(match))


def _is_indian(match: Match) -> bool:
    return verhoeff(digits_of(match)) and _named_aadhaar(match)


def _is_korean(match: Match) -> bool:
    digits = digits_of(match)
    century = 1900 if digits[6] in "1256" else 2000
    return is_date(century + int(digits[:2]), int(digits[2:4]), int(digits[4:6]))


def _is_swedish(match: Match) -> bool:
    digits = digits_of(match)[-10:]
    year, month, day = int(digits[:2]), int(digits[2:4]), int(digits[4:6])
    is_born = is_date(2000 + year, month, day) or is_date(1900 + year, month, day)
    return is_born and luhn(digits) and not is_another_number(match)


def _is_polish(match: Match) -> bool:
    digits = digits_of(match)
    return weighted(digits, (1, 3, 7, 9, 1, 3, 7, 9, 1, 3, 1)) % 10 == 0 and _named_pesel(match)


def _is_dutch(match: Match) -> bool:
    return weighted(digits_of(match), (9, 8, 7, 6, 5, 4, 3, 2, -1)) % 11 == 0 and _named_bsn(match)


def _is_canadian(match: Match) -> bool:
    return luhn(digits_of(match)) and _named_sin(match)


def _person(pattern: bytes, check, digits: int, sign: int = pii_candidates.NUMBER) -> Finder:
    return Finder("national_id", sign, re.compile(NUMBER_START + b"(?:" + pattern + b")" + NUMBER_END), check, digits)


FINDERS = (
    Finder("iban", pii_candidates.CODE, _IBAN, _is_iban),
    Finder(
        "card",
        pii_candidates.NUMBER,
        re.compile(
            NUMBER_START
            + rb"(?:\d{13,19}|\d{4}([ -])\d{4}\1\d{4}\1\d{4}(?:\1\d{3})?|3\d{3}([ -])\d{6}\2\d{4,5})"
            + NUMBER_END
        ),
        _is_card,
        13,
    ),
    _person(rb"(\d{3})([- ]?)(\d\d)\2(\d{4})", _is_ssn, 9),
    _person(
        rb"[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z] ?\d\d ?\d\d ?\d\d ?[A-D]", _is_nino, 0, pii_candidates.CODE
    ),
    _person(rb"[1-8]\d{5}(?:19|20)\d{2}[01]\d[0-3]\d{4}[\dXx]", _is_chinese, 17),
    _person(rb"[1-9]\d{10}|[1-9]\d \d{3} \d{3} \d{3}", _is_german, 11),
    _person(
        rb"[12] ?\d\d ?(?:0[1-9]|1[0-2]|[2-9]\d) ?\d\d ?\d{3} ?\d{3} ?\d\d", _is_french, 15
    ),
    _person(rb"\d{8}-?[A-HJ-NP-TV-Z]|\d\d\.\d{3}\.\d{3}-?[A-HJ-NP-TV-Z]|[XYZ]-?\d{7}-?[A-HJ-NP-TV-Z]", _is_spanish, 7),
    _person(rb"[A-Z]{6}\d\d[A-EHLMPR-T]\d\d[A-Z]\d{3}[A-Z]", _is_italian, 0, pii_candidates.WORD),
    _person(rb"\d{3}\.\d{3}\.\d{3}-\d\d|\d{11}", _is_brazilian, 11),
    _person(rb"[2-9]\d{3}[ -]?\d{4}[ -]?\d{4}", _is_indian, 12),
    _person(rb"\d\d[01]\d[0-3]\d-[1-8]\d{6}", _is_korean, 13),
    _person(rb"(?:19|20)?\d\d[01]\d[0-3]\d[-+]\d{4}", _is_swedish, 10),
    _person(rb"\d{11}", _is_polish, 11),
    _person(rb"\d{9}|\d{4}[. ]\d\d[. ]\d{3}", _is_dutch, 9),
    _person(rb"\d{3}[ -]?\d{3}[ -]?\d{3}", _is_canadian, 9),
)  # fmt: skip
