"""Find e-mail addresses, plain and lightly obfuscated, and public IP addresses."""

from __future__ import annotations

import ipaddress
import re

from curate.kernels import pii_candidates
from curate.stages.text._pii import Finder, Match, context_before

_GENERIC = """
aero app arpa art asia associates bank bar beer best bid bike biz blog boutique build builders business buzz cafe camp
care career careers cash cat center chat church city cloud club coach codes coffee com community company computer
consulting contact cool coop credit dance dental design dev digital direct directory dog domains earth eco edu education
email energy engineer engineering enterprises equipment estate events example exchange expert express family farm fashion
finance financial fit fitness foundation fun fund fyi gallery games garden gmbh gold gov graphics green group guide guru
haus health help hiking host hosting house icu immo info ink institute insure int international invalid jobs kitchen land law
lawyer legal life limited link live loan local localhost love ltd management market marketing media medical men menu mil mobi moe money
museum name net network news ngo ninja one online org page partners parts party pet pharmacy photo photography photos pics
pictures pink pizza place plus press pro productions properties property pub quest radio rehab rent repair report
restaurant review reviews rocks run sale school science services shop show site ski social software solar solutions space
sport store studio style support surf systems taxi team tech technology tel test tips today tokyo tools top tours town toys
trade training travel tube university uno vet video villas vin vip vision vote watch web website wedding wiki wine work
works world wtf xxx xyz yoga zone berlin hamburg koeln wien bayern ruhr nyc london paris amsterdam versicherung reisen schule immobilien realestate insurance holdings ventures academy agency brussels istanbul moscow
sydney melbourne quebec scot wales cymru eus gal bzh corsica swiss africa lat kiwi
"""
"""Generic top-level domains used for mail, and those reserved for documentation. Two-letter domains are countries."""

_LETTER = rb"(?:[A-Za-z0-9]|[\xc3-\xd4][\x80-\xbf])"  # Latin, Greek, Cyrillic
_LABEL = rb"%s(?:-{0,2}%s){0,62}" % (_LETTER, _LETTER)
_CHINESE = rb"(?:[\xe3-\xed][\x80-\xbf]{2}){1,20}"
_TOP = (
    rb"(?:(?i:(?>xn--(?:-*[a-z0-9]){2,59})|(?!xn--)[a-z]{2}|" + b"|".join(sorted(map(str.encode, _GENERIC.split()), key=len, reverse=True))
    + rb")(?![A-Za-z0-9_]|-[A-Za-z0-9]|[\xc3-\xd4])|"
    + "|".join(("рф", "рус", "укр", "бел", "срб", "ελ", "ею", "中国", "中國", "公司", "网络", "香港", "台灣", "한국")).encode() + rb")"
)  # fmt: skip
_DOMAIN = rb"(?:(?:%s\.){1,8}|%s\.)%s" % (_LABEL, _CHINESE, _TOP)
_LOCAL_EDGE = rb"(?:[A-Za-z0-9_]|[\xc3-\xd4][\x80-\xbf])"
_LOCAL = rb"%s(?:[A-Za-z0-9_.%%+&~-]|[\xc3-\xd4][\x80-\xbf]){0,63}" % _LOCAL_EDGE
_START = rb"(?<![A-Za-z0-9_.%+&~@-])(?<![\xc3-\xd4][\x80-\xbf])"

_EMAIL = re.compile(_START + _LOCAL + b"@" + _DOMAIN)
_AT = rb" ?[\[({<] ?(?i:at|@|arroba|arobase) ?[\])}>] ?"
_DOT = rb"(?:\.| ?[\[({<] ?(?i:dot|punkt|punto|point|\.) ?[\])}>] ?| (?i:dot) )"
_DISGUISED = re.compile(
    _START + _LOCAL_EDGE + rb"[A-Za-z0-9_.+-]{0,40}(?:%s[A-Za-z0-9_+-]{1,20})?" % _DOT
    + _AT + rb"(?:[A-Za-z0-9-]{1,40}%s){1,3}" % _DOT + _TOP
)  # fmt: skip


_IN_LOGIN = re.compile(rb"://[^\s/@]*[:$]$")


def _is_email(match: Match) -> bool:
    local, _, domain = match.group().partition(b"@")
    if local.endswith(b".") or b".." in local:
        return False
    if _IN_LOGIN.search(context_before(match)):
        return False
    following = match.string[match.end() : match.end() + 2]
    is_repository = local in (b"git", b"hg", b"svn") or following in (b":~", b":/")
    return not is_repository and not domain.lower().endswith((b".local", b".localhost", b".arpa"))


# ---------------------------------------------------------------------- IP

_OCTET = rb"(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)"
_V4 = re.compile(
    rb"(?<![A-Za-z0-9_.-])(?<!\d[,/])%s(?:\.%s){3}(?![A-Za-z0-9_-]|\.\w|/(?:[12]?\d|3[01])\b)" % (_OCTET, _OCTET)
)
_HEX = rb"[0-9A-Fa-f]{1,4}"
_V6 = re.compile(
    rb"(?<![A-Za-z0-9_:.])[23][0-9A-Fa-f]{3}(?:(?:::?%s){1,7}(?:::)?|::)(?![A-Za-z0-9_:]|/(?:\d\d?|1[01]\d|12[0-7])\b)"
    % _HEX
)
_VERSION = re.compile(
    rb"(?<![a-z])(?:v|ver|vers|versions?|versione|rev|release|released|build|update|upgrade|firmware|driver|patch"
    rb"|hotfix|section|sec|chapter|clause|article|paragraph|figure|fig|table|appendix|annex|abschnitt|kapitel|item|part|oid"
    rb"|versi\xc3\xb3n|\xe7\x89\x88\xe6\x9c\xac|\xe7\x89\x88|\xe7\xab\xa0|\xe8\x8a\x82|\xc2\xa7"
    rb"|\xd0\xb2\xd0\xb5\xd1\x80\xd1\x81\xd0\xb8[\xd0\xd1][\x80-\xbf])(?: (?:auf|to|from|is|nr|no|number))?[\s.:=(\"'`*#]{0,4}$",
    re.IGNORECASE,
)
_IP_WORDS = re.compile(
    rb"(?<![a-z])(?:ips?|ipv4|address|addresse|adresse|host|server|from|://|@)[^a-z\n]{0,8}$", re.IGNORECASE
)
_PRODUCT = re.compile(rb"[A-Za-z]/$")


def _is_public_v4(match: Match) -> bool:
    octets = [int(octet) for octet in match.group().split(b".")]
    context = context_before(match)
    small = sum(octet < 32 for octet in octets)
    if small == 4 or (small == 3 and not _IP_WORDS.search(context)):  # a version, a section number or an enzyme number
        return False
    if _VERSION.search(context) or _PRODUCT.search(context):
        return False
    address = ipaddress.IPv4Address(match.group().decode())
    return address.is_global and not address.is_multicast and octets[3] not in (0, 255)


def _is_public_v6(match: Match) -> bool:
    try:
        address = ipaddress.IPv6Address(match.group().decode())
    except ValueError:
        return False
    return address.is_global


FINDERS = (
    Finder("email", pii_candidates.AT, _EMAIL, _is_email),
    Finder("email", pii_candidates.BRACKET, _DISGUISED),
    Finder("ip_address", pii_candidates.DOTTED, _V4, _is_public_v4),
    Finder("ip_address", pii_candidates.HEXADECIMAL, _V6, _is_public_v6),
)
