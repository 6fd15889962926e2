"""Plain e-mail addresses, IP addresses, cards and IBANs in a text, found without the patterns of `text.mask_pii`.

This is an independent statement of the rules, one character at a time, and it shares no code with the stage. Only the names
of top-level domains are shared: they are data. Telephone numbers, national numbers, keys and e-mail addresses with `[at]`
are left out, because their rules are long lists of forms; the labelled set (`tests/stages/text/pii_examples.py`) judges
them.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterator

DIGITS = set("0123456789")
CAPITALS = set("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
LETTERS = CAPITALS | {char.lower() for char in CAPITALS}
WORD = LETTERS | DIGITS | {"_"}
HEXADECIMAL = DIGITS | set("abcdefABCDEF")
BLANKS = " \t\n\r\f\v"

Spans = Iterator[tuple[int, int, bool]]


def find_pii(text: str, top_domains: set[str]) -> list[tuple[str, int, int]]:
    """Return `(type, start, end)` in characters, in order; where two overlap, the rule that comes first here is taken."""
    rules: list[tuple[str, Callable[[], Spans]]] = [
        ("iban", lambda: ibans(text)),
        ("card", lambda: cards(text)),
        ("email", lambda: emails(text, top_domains)),
        ("ip_address", lambda: ipv4(text)),
        ("ip_address", lambda: ipv6(text)),
    ]
    taken: list[tuple[str, int, int]] = []
    for type, spans in rules:
        free_from = 0
        for start, end, is_valid in spans():
            if start >= free_from:  # candidates of one rule do not overlap, whether they are valid or not
                free_from = end
                if is_valid and all(end <= a or b <= start for _, a, b in taken):
                    taken.append((type, start, end))
    return sorted(taken, key=lambda span: span[1])


# ---------------------------------------------------------------------- context


def char_at(text: str, at: int) -> str:
    """Return a character, or "" outside of the text."""
    return text[at] if 0 <= at < len(text) else ""


def before(text: str, start: int) -> bytes:
    """Return up to 48 bytes of the same line before a place, ASCII in lower case."""
    return text[:start].encode()[-48:].rpartition(b"\n")[2].lower()


def is_called(
    said: bytes, names: str, boundary: set[str], gap: str, most: int, particles: tuple[str, ...] = ()
) -> bool:
    """Return whether a name ends the words before a number, with a particle and up to `most` characters of `gap` after it."""
    for n in range(most + 1):
        if n <= len(said) and all(chr(byte) in gap for byte in said[len(said) - n :]):
            rest = said[: len(said) - n]
            stems = [rest, *(rest.removesuffix(p.encode()) for p in particles if rest.endswith(p.encode()))]
            for name in names.split():
                for stem in stems:
                    head = stem.removesuffix(name.encode())
                    if head != stem and (not head or chr(head[-1]) not in boundary):
                        return True
    return False


# ---------------------------------------------------------------------- e-mail

FOREIGN_TOP_DOMAINS = tuple("рф рус укр бел срб ελ ею 中国 中國 公司 网络 香港 台灣 한국".split())  # noqa: SIM905 (shorter)


def is_foreign(char: str) -> bool:
    """Return whether this is a character of the Latin, Greek and Cyrillic blocks beyond ASCII."""
    return "\u00c0" <= char <= "\u053f"


def is_local(char: str) -> bool:
    return char != "" and (char in WORD or char in ".%+&~-" or is_foreign(char))


def emails(text: str, top_domains: set[str]) -> Spans:
    """Yield plain e-mail addresses: a run of up to 64 characters, `@`, and a domain with a known ending."""
    for at, char in enumerate(text):
        if char != "@":
            continue
        start = at
        while is_local(char_at(text, start - 1)):
            start -= 1
        end = end_of_domain(text, at + 1, top_domains)
        if 1 <= at - start <= 64 and end and char_at(text, start - 1) != "@" and is_edge(text[start]):
            yield start, end, is_address(text, start, at, end)


def is_edge(char: str) -> bool:
    return char in WORD or is_foreign(char)


def is_address(text: str, start: int, at: int, end: int) -> bool:
    """Return whether it is an address of a person: not a repository, a login or a local host."""
    local, domain = text[start:at], text[at + 1 : end].lower()
    if local.endswith(".") or ".." in local or local in ("git", "hg", "svn"):
        return False
    _, slashes, user = before(text, start).decode(errors="replace").rpartition("://")
    is_login = bool(slashes) and user[-1:] in (":", "$") and not any(char in f"{BLANKS}/@" for char in user[:-1])
    is_path = text[end : end + 2] in (":~", ":/")
    return not is_login and not is_path and not domain.endswith((".local", ".localhost", ".arpa"))


def end_of_domain(text: str, at: int, top_domains: set[str]) -> int:
    """Return the end of the domain that begins here, 0 if none does: as many labels as possible, then a known ending."""
    ends, place = [], at
    while len(ends) < 8 and (dot := text.find(".", place)) > place and is_label(text[place:dot]):
        place = dot + 1
        ends.append(place)
    dot = text.find(".", at)
    if at < dot <= at + 20 and all("\u3000" <= char <= "\ud7ff" for char in text[at:dot]):
        ends.insert(0, dot + 1)
    return next((end for place in reversed(ends) if (end := end_of_top_domain(text, place, top_domains))), 0)


def is_label(label: str) -> bool:
    letters = [char for char in label if char in LETTERS | DIGITS or is_foreign(char)]
    is_clean = len(letters) + label.count("-") == len(label) and "---" not in label
    return is_clean and 1 <= len(letters) <= 63 and label[0] != "-" != label[-1]


def end_of_top_domain(text: str, at: int, top_domains: set[str]) -> int:
    is_encoded = text[at : at + 4].lower() == "xn--"  # a name in other letters, such as `xn--p1ai`
    end = at + 4 * is_encoded
    while char_at(text, end) in (LETTERS | DIGITS | {"-"} if is_encoded else LETTERS):
        end += 1
    while is_encoded and text[end - 1] == "-":
        end -= 1
    name, after = text[at:end].lower(), char_at(text, end)
    if is_encoded:
        n_letters = len(name) - 4 - name[4:].count("-")
        return end if 2 <= n_letters <= 59 and after not in WORD and not is_foreign(after) else 0
    is_inside = after in WORD or is_foreign(after) or (after == "-" and char_at(text, end + 1) in LETTERS | DIGITS)
    if not is_inside and (len(name) == 2 or name in top_domains):
        return end
    return next((at + len(name) for name in FOREIGN_TOP_DOMAINS if text.startswith(name, at)), 0)


# ---------------------------------------------------------------------- IP addresses

VERSION_NAMES = """
v ver vers version versions versione rev release released build update upgrade firmware driver patch hotfix section sec chapter
clause article paragraph figure fig table appendix annex abschnitt kapitel item part oid versión 版本 版 章 节 §
""" + " ".join(f"верси{chr(code)}" for code in range(0x400, 0x480))
VERSION_PARTICLES = (" auf", " to", " from", " is", " nr", " no", " number")
ADDRESS_NAMES = "ip ips ipv4 address addresse adresse host server from :// @"


def ipv4(text: str) -> Spans:
    """Yield IPv4 addresses: four numbers up to 255 without leading zeros, public, and not called a version."""
    for start in range(len(text)):
        previous = char_at(text, start - 1)
        if text[start] not in DIGITS or (previous and (previous in WORD or previous in ".-")):
            continue
        if previous and previous in ",/" and char_at(text, start - 2) in DIGITS:
            continue
        end, octets = start, []
        while len(octets) < 4:
            first = end
            while char_at(text, end) in DIGITS:
                end += 1
            octets.append(text[first:end])
            if len(octets) < 4:
                if char_at(text, end) != ".":
                    break
                end += 1
        is_number = [
            octet.isdigit() and len(octet) <= 3 and str(int(octet)) == octet and int(octet) < 256 for octet in octets
        ]
        if len(octets) == 4 and all(is_number) and is_end_of_ipv4(text, end):
            yield start, end, is_public_ipv4(text, start, end)


def is_end_of_ipv4(text: str, end: int) -> bool:
    after, second = char_at(text, end), char_at(text, end + 1)
    if after and (after in WORD or after == "-" or (after == "." and second and second in WORD)):
        return False
    return not (after == "/" and number_after(text, end) in map(str, range(32)))


def number_after(text: str, at: int) -> str:
    """Return the word after one character, as it is written."""
    end = at + 1
    while end < len(text) and text[end] in WORD:
        end += 1
    return text[at + 1 : end]


def is_public_ipv4(text: str, start: int, end: int) -> bool:
    octets, said = [int(octet) for octet in text[start:end].split(".")], before(text, start)
    n_small = sum(octet < 32 for octet in octets)
    no_letters = "".join(chr(code) for code in range(256) if chr(code) not in LETTERS and chr(code) != "\n")
    if n_small == 4 or (n_small == 3 and not is_called(said, ADDRESS_NAMES, LETTERS, no_letters, 8)):
        return False
    if is_called(said, VERSION_NAMES, LETTERS, f"{BLANKS}.:=(\"'`*#", 4, VERSION_PARTICLES):
        return False
    is_product = said[-1:] == b"/" and said[-2:-1].isalpha()
    address = ipaddress.IPv4Address(text[start:end])
    return not is_product and address.is_global and not address.is_multicast and octets[3] not in (0, 255)


def ipv6(text: str) -> Spans:
    """Yield IPv6 addresses: a whole run of hexadecimal digits and colons that begins with 2 or 3 and is public."""
    for start in range(len(text)):
        previous = char_at(text, start - 1)
        if text[start] not in "23" or (previous and (previous in WORD or previous in ":.")):
            continue
        end = start
        while end < len(text) and (text[end] in HEXADECIMAL or text[end] == ":"):
            end += 1
        after, found = char_at(text, end), text[start:end]
        is_prefix = after == "/" and (number := number_after(text, end)).isdigit() and is_length_of_prefix(number)
        if (after and after in WORD) or is_prefix or found.find(":") != 4:
            continue
        try:
            yield start, end, ipaddress.IPv6Address(found).is_global
        except ValueError:
            continue


def is_length_of_prefix(number: str) -> bool:
    return number.isascii() and (len(number) <= 2 or (len(number) == 3 and 100 <= int(number) <= 127))


# ---------------------------------------------------------------------- cards

OTHER_NUMBERS = """
isbn issn ean upc gtin imei doi oclc lccn pmid order invoice sku part item serial model version patent case ticket tracking ref
reference catalog catalogue article bestellung artikel commande pedido sn s/n code
"""
NUMBER_PARTICLES = tuple(
    f"{space}{word}" for space in ("", " ", "-") for word in ("no", "nr", "number", "num", "nummer", "code", "id", "is")
)
CARD_NAMES = "card visa master amex diners kart carte tarjeta cartão cartao карт 卡"
CARD_SHAPES = ((4, 4, 4, 4, 3), (4, 4, 4, 4), (4, 6, 5), (4, 6, 4))
ISSUERS = """
Visa 4 4 13 16 19|Mastercard 51 55 16|Mastercard 2221 2720 16|American_Express 34 34 15|American_Express 37 37 15
Discover 6011 6011 16|Discover 644 649 16|Discover 65 65 16|Diners 300 305 14|Diners 36 36 14|Diners 38 38 14
JCB 3528 3589 16|UnionPay 62 62 16 19|Mir 2200 2204 16|Maestro 50 50 16|Maestro 56 58 16|Maestro 63 63 16
Maestro 67 67 16
"""
"""Name, first and last prefix, and lengths."""


def cards(text: str) -> Spans:
    """Yield card numbers: 13 to 19 digits in a row or in groups, of a known issuer, with a check digit (Luhn)."""
    for start in range(len(text)):
        if text[start] in DIGITS and is_free(text, start) and (end := end_of_card(text, start)):
            yield start, end, is_card(text, start, end)


def is_free(text: str, start: int) -> bool:
    """Return whether a number may begin here: not inside a word, a longer number, a path or a sum of money."""
    previous, second = char_at(text, start - 1), char_at(text, start - 2)
    if previous and (previous in WORD or previous in "$#%/=\\€£"):
        return False
    return not (previous and previous in ".,:+-" and second and second in DIGITS)


def is_end_of_number(text: str, end: int) -> bool:
    after, second = char_at(text, end), char_at(text, end + 1)
    return not after or not (after in WORD or after == "%" or (after in ".,:/-" and second and second in DIGITS))


def end_of_card(text: str, start: int) -> int:
    runs, place = [], start  # groups of digits with the same space or hyphen between them
    while len(runs) < 5:
        first = place
        while place < len(text) and text[place] in DIGITS:
            place += 1
        if place == first:
            break
        runs.append((first, place))
        joint = char_at(text, place)
        if joint not in (" ", "-") or joint != char_at(text, runs[0][1]):
            break
        place += 1
    sizes = tuple(b - a for a, b in runs)
    if 13 <= sizes[0] <= 19 and is_end_of_number(text, runs[0][1]):
        return runs[0][1]
    for shape in CARD_SHAPES:
        if sizes[: len(shape)] == shape and (shape[1] == 4 or text[start] == "3"):
            end = runs[len(shape) - 1][1]
            if is_end_of_number(text, end):
                return end
    return 0


def is_card(text: str, start: int, end: int) -> bool:
    digits = "".join(char for char in text[start:end] if char in DIGITS)
    if not is_issued(digits) or len(set(digits)) < 3:
        return False
    doubled = [int(digit) * (1 + k % 2) for k, digit in enumerate(reversed(digits))]
    if sum(value - 9 * (value > 9) for value in doubled) % 10:
        return False
    said = before(text, start)
    if len(digits) == end - start and len(digits) not in (15, 16) and not digits.startswith("62"):
        return is_near_card_name(said)
    is_foreign_order = is_called(said.removesuffix("：".encode()), "№ 订单号 订单 编号 заказ", set(), f"{BLANKS}.:#", 3)
    is_order = is_called(said, OTHER_NUMBERS, WORD, f"{BLANKS}.:#=()[-", 4, NUMBER_PARTICLES)
    return not is_order and not is_foreign_order


def is_near_card_name(said: bytes) -> bool:
    """Return whether a card name ends at most 30 bytes before the number."""
    ends = [said.rfind(name.encode()) + len(name.encode()) for name in CARD_NAMES.split() if name.encode() in said]
    return bool(ends) and len(said) - max(ends) <= 30


def is_issued(digits: str) -> bool:
    for line in ISSUERS.replace("|", "\n").split("\n"):
        if line:
            _, first, last, *lengths = line.split()
            if str(len(digits)) in lengths and int(first) <= int(digits[: len(first)]) <= int(last):
                return True
    return False


# ---------------------------------------------------------------------- bank accounts

IBAN_COUNTRIES = {
    15: "NO", 16: "BE", 18: "DK FI FK FO GL NL SD", 19: "MK SI", 20: "AT BA EE KZ LT LU XK", 21: "CH HR LI LV",
    22: "BG BH CR DE GB GE IE ME RS VA", 23: "AE GI IL IQ OM SO TL", 24: "AD CZ ES MD PK RO SA SE SK TN VG", 25: "LY PT ST",
    26: "IS TR", 27: "BI DJ FR GR IT MC MR SM", 28: "AL AZ BY CY DO EG GT HU LB NI PL SV", 29: "BR PS QA UA",
    30: "JO KW MU YE", 31: "MT SC", 32: "LC", 33: "RU",
}  # fmt: skip
IBAN_LENGTHS = {country: length for length, countries in IBAN_COUNTRIES.items() for country in countries.split()}


def ibans(text: str) -> Spans:
    """Yield IBANs of the length of their country, in groups of four or without groups, with check digits (ISO 7064)."""
    for start in range(len(text)):
        previous = char_at(text, start - 1)
        length = IBAN_LENGTHS.get(text[start : start + 2], 0)
        if not length or (previous and (previous in WORD or previous in ".-")):
            continue
        account, end = "", start
        while len(account) < length and end < len(text):
            if len(account) >= 4 and len(account) % 4 == 0 and text[end] in " -\u00a0\u202f":
                end += 1
            if char_at(text, end) not in CAPITALS | DIGITS:
                break
            account, end = account + text[end], end + 1
        is_whole = len(account) == length and account[2:4].isdigit()
        if is_whole and char_at(text, end) not in WORD:
            value = "".join(str(int(char, 36)) for char in account[4:] + account[:4])
            yield start, end, int(value) % 97 == 1
