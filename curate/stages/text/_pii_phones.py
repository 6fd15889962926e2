"""Find telephone numbers: with a country code, in a national format, or after a word such as "phone"."""

from __future__ import annotations

import re

from curate.kernels import pii_candidates
from curate.stages.text._pii import Finder, Match, any_of, context_before, digits_of
from curate.stages.text._pii_numbers import NUMBER_END, NUMBER_START, is_another_number

_SPACE = rb"(?:[ .-]|\xc2\xa0|\xe2\x80[\x89\x90-\x93\xaf])"
_GAP = rb"(?:(?:[ ./()-]|\xc2\xa0|\xe2\x80[\x89\x90-\x93\xaf]|\xef\xbc[\x88\x89]){1,3})"
_OPEN, _CLOSE = rb"(?:\(|\xef\xbc\x88)", rb"(?:\)|\xef\xbc\x89)"

_NATIONAL_DIGITS = {
    "1": (10, 10), "7": (10, 10), "20": (8, 10), "27": (9, 9), "30": (10, 10), "31": (9, 9), "32": (8, 9), "33": (9, 9),
    "34": (9, 9), "36": (8, 9), "39": (8, 11), "40": (9, 9), "41": (9, 9), "43": (7, 12), "44": (9, 10), "45": (8, 8),
    "46": (7, 10), "47": (8, 8), "48": (9, 9), "49": (7, 12), "51": (8, 9), "52": (10, 11), "53": (8, 8), "54": (10, 11),
    "55": (10, 11), "56": (9, 9), "57": (8, 10), "58": (10, 10), "60": (8, 10), "61": (9, 9), "62": (8, 12),
    "63": (8, 10), "64": (8, 10), "65": (8, 8), "66": (8, 9), "81": (9, 10), "82": (8, 10), "84": (8, 10), "86": (9, 11),
    "90": (10, 10), "91": (10, 10), "92": (9, 10), "93": (9, 9), "94": (9, 9), "95": (7, 10), "98": (10, 10),
    "2[1-69]\\d": (7, 10), "3[578]\\d": (7, 12), "42\\d": (7, 10), "50\\d": (7, 11), "59\\d": (7, 9), "6[7-9]\\d": (6, 8),
    "8[0578]\\d": (7, 10), "9[679]\\d": (7, 10),
}  # fmt: skip
"""Country code -> minimum and maximum number of digits after it. Codes of three digits are grouped by region."""


def _after_code(code: str, least: int, most: int) -> bytes:
    # Italy (39) keeps the leading 0.
    first = rb"\d" if code in ("39", "2[1-69]\\d") else b"[2-9]" if code == "1" else b"[1-9]"
    return code.encode() + rb"(?:%s?\(0\)|%s)?%s?%s(?:%s?\d){%d,%d}" % (
        _SPACE, _CLOSE, _GAP, first, _GAP, least - 1, most - 1)  # fmt: skip


_INTERNATIONAL = re.compile(
    rb"(?<![A-Za-z0-9_+=/\\-])(?<!\d[.,: ])(?:\+%s?|\(\+|00[ -]?(?=[1-9]\d[ ./()-]?\d))(?:" % _OPEN
    + b"|".join(_after_code(code, *digits) for code, digits in _NATIONAL_DIGITS.items())
    + rb")"
    + NUMBER_END
)

_FORMS = (
    rb"(?:1[ .-]?)?\([2-9]\d\d\) ?[2-9]\d\d[ .-]\d{4}",  # North America
    rb"(?:1-)?[2-9]\d\d-[2-9]\d\d-\d{4}|(?:1\.)?[2-9]\d\d\.[2-9]\d\d\.\d{4}|[2-9]\d\d/[2-9]\d\d-\d{4}",
    rb"0[1-9](?:%s\d\d){4}" % _SPACE,  # France
    rb"%s0\d{1,4}%s%s?\d{2,4}(?:%s?\d){3,6}" % (_OPEN, _CLOSE, _SPACE, _SPACE),  # leading 0 in brackets: many countries
    rb"0[1-9]\d{1,3} ?/ ?\d(?:[ -]?\d){4,8}",  # Germany, Austria, Belgium
    rb"0[1-9]\d{0,3}-\d{3,4}-\d{3,4}|0[1-9]\d{0,3}-\d{5,8}(?:-\d{1,4})?",  # Japan, Korea, China, Netherlands, Germany
    rb"0[1-9]\d{1,2}-\d{3,4} \d{3,4}|07\d{9}",  # Netherlands, Germany; United Kingdom, mobile
    rb"0[1-9]\d{0,2}-\d{2,3} \d\d \d\d|08-\d{3} \d{3} \d\d",  # Sweden
    rb"0[1-9] \d{4} \d{4}|0[1-9]\d{2} \d{4} \d{4}|0[1-9]\d \d{3} \d{3,4}",  # Italy, Germany, Finland, Vietnam
    rb"0[1-9]\d \d{4} \d{4}|0[1-9]\d{2} \d{3} \d{3,4}|0[1-9]\d{1,3} \d{6,8}|0[1-9]\d{3} \d{5}|0[1-9]\d{3} \d{3} \d{3}",  # United Kingdom, Australia
    rb"0[1-9]\d{1,2} \d{3} \d\d \d\d",  # Turkey, Switzerland
    rb"\([1-9]\d\) ?9?\d{4}[ -]\d{4}",  # Brazil
    rb"8[ -]?(?:\([3-9]\d\d\)|[3-9]\d\d)[ -]?\d{3}[ -]\d\d[ -]\d\d",  # Russia
    rb"1[3-9]\d([ -])\d{4}\1\d{4}",  # China, mobile
)
_ANY = re.compile(
    rb"(?<![A-Za-z0-9_$#%])(?<!\d[.,:+-])[(+]?(?:\d{2,6}\)? ?/ ?)?\d(?:"
    + _GAP.replace(b"/", b"")
    + rb"?\d){4,14}"
    + NUMBER_END
)
_DATE = re.compile(
    rb"(?:0?[1-9]|[12]\d|3[01])([./-])(?:0?[1-9]|1[0-2])\1(?:19|20)\d\d|(?:19|20)\d\d([./-])\d\d?\2\d\d?"
)
_YEARS = re.compile(rb"(?:1[5-9]|20)\d\d[^\d]{1,3}(?:1[5-9]|20)\d\d(?!\d)")

# ---------------------------------------------------------------------- words before a number

_NOUNS = """
telephone telephones phone phones téléphone teléfono telefono telefon telefone telefoon telefax fax fono tel tlf tlph tél tfno
mob mobil mobile mobila móvil cel cell cellphone cellulare celular handy whatsapp viber sms hotline rufnummer telefonnummer
mobilnummer faxnummer numéro portable ligne zadzwoń ph. ph: puh. puh: kom. kom: office: home: work: direct: freephone landline
"""
_OTHER_SCRIPTS = """
тел Тел телефон телефона телефону телефоном Телефон ТЕЛЕФОН моб Моб факс Факс звоните Звоните
电话 電話 手机号码 手机号 手机 手機 传真 傳真 热线 熱線 来电 來電 拨打 联系方式 致电 致電 全国统一 微信同号 微信 携帯 お問い合わせ
전화 휴대폰 연락처 팩스 फ़ोन फोन मोबाइल هاتف جوال تلفن טלפון โทร
"""
_VERBS = "call ring phone dial text contact llama llame llámanos llámenos llámame appelez appeler anruf chiamaci chiamate chiama"
_ANOTHER = rb"(?:\(?\+?\d[\d ()./-]{5,18}\d(?: | ?[,;/|] ?| (?:or|oder|ou|o|u|y|e|und|and) )\(?)?$"
"""Another number that stands between the word and the number."""


_CUE = re.compile(any_of(*map(re.escape, f"{_NOUNS} {_OTHER_SCRIPTS} {_VERBS} reach rufen".split())))
"""A fast pre-check: without one of these words, the two patterns below cannot match."""

_CALLED = re.compile(
    rb"(?:(?<![a-z-])" + any_of(*map(re.escape, _NOUNS.split())) + b"|" + any_of(*_OTHER_SCRIPTS.split()) + b")"
    + rb"(?:[ -]?(?:no|nr|num|number|nummer|numbers|us|me|him|her|them|at|on|is|was|line|and|or|&|/|und|y|et|e|fax|phone|tel|mobile|service|office|home|work)\b"
    + rb"|[\s.:=()/#*|+,-]|\xef\xbc[\x88\x89\x9a]|\xe2\x84\x96|\xc2\xb0|\xe4\xb8\xba|\xe6\x98\xaf|\xc3\xa9){0,8}"
    + _ANOTHER,
    re.IGNORECASE,
)  # fmt: skip
_TO_CALL = re.compile(
    rb"(?<![A-Za-z])(?:" + any_of(*_VERBS.split()) + rb"|reach (?=us|me|him|her|them)|rufen [a-z ]{2,12}(?= an))"
    rb"(?P<whom>(?: ?(?:us|me|him|her|them|now|today|free|toll-free|toll free|on|at|the|office|al|le|au|allo|an|unter)\b)*)[ :]{0,3}"
    + _ANOTHER,
    re.IGNORECASE,
)  # fmt: skip
_THOUSANDS = re.compile(rb"[1-9]\d{0,2}(?: \d{3})+")


def _is_called_phone(match: Match) -> bool:
    number, context = match.group(), context_before(match)
    if not _CUE.search(context.lower()) or len(digits_of(match)) < 7 or _DATE.match(number) or _YEARS.match(number):
        return False
    if _CALLED.search(context):
        return True
    called = _TO_CALL.search(context)
    return called is not None and (called["whom"] != b"" or not _THOUSANDS.fullmatch(number))


# ---------------------------------------------------------------------- formats

_PAIRS = re.compile(rb"\d\d(?: \d\d){4}")
_HEX_PAIR = re.compile(rb" ?[0-9A-Fa-f]{2}(?![0-9A-Za-z])")


def _is_phone(match: Match) -> bool:
    if _PAIRS.fullmatch(match.group()) and (_is_among_pairs(match) or _is_draw(match)):
        return False
    return len(set(match.group())) > 3 and not _DATE.match(match.group()) and not is_another_number(match)


def _is_among_pairs(match: Match) -> bool:
    """Return whether more pairs stand next to five pairs of digits, as in a hex dump or a table row."""
    start, end, text = match.start(), match.end(), match.string
    return bool(_HEX_PAIR.match(text, end)) or bool(_HEX_PAIR.match(text, max(0, start - 3), start))


def _is_draw(match: Match) -> bool:
    """Return whether pairs of digits increase and are below 50, like lottery numbers."""
    pairs = match.group().split()
    return pairs == sorted(set(pairs)) and pairs[-1] < b"50"


def _is_international(match: Match) -> bool:
    return match.group() != b"+2147483647"  # the maximum of int32


FINDERS = (
    Finder("phone", pii_candidates.NUMBER, _INTERNATIONAL, _is_international, 8),
    Finder(
        "phone",
        pii_candidates.NUMBER,
        re.compile(NUMBER_START + rb"(?<!\d )(?:" + b"|".join(_FORMS) + b")" + NUMBER_END + rb"(?! \d{3}\b)"),
        _is_phone,
        9,
    ),
    Finder(
        "phone",
        pii_candidates.NUMBER,
        _ANY,
        _is_called_phone,
        7,
    ),
)
