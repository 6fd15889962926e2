"""The labelled set: natural sentences around made-up personal data, and sentences with what only looks like it.

A sentence with `{name}` gets what the maker of that name in `pii_values` returns; what stands for a type (`TYPE_OF`)
is a find that is expected, all else must stay as it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from random import Random
from typing import NamedTuple

from tests.stages.text import pii_values as values

TYPE_OF = {
    "email": "email", "disguised": "email", "phone": "phone", "called_phone": "phone", "ip": "ip_address", "ip4": "ip_address", "card": "card",
    "iban": "iban", "person": "national_id", "ssn": "national_id", "nino": "national_id", "indian": "national_id",
    "chinese": "national_id", "brazilian": "national_id", "key": "key", "login": "key",
}  # fmt: skip


class Example(NamedTuple):
    """A text and what is to be found in it: `(type, start, end)` in characters."""

    text: str
    spans: tuple[tuple[str, int, int], ...]


POSITIVES = (
    """
Write to {email} before Friday.
Contact: <{email}>, or ask at the desk.
mailto:{email}?subject=Hello
Kontakt: {email}.
Bitte schreiben Sie an {email}, wir antworten gern.
Pour toute question : {email}
Escríbenos a {email}; respondemos en un día.
联系我们：{email}，谢谢。
Пишите на {email} до пятницы.
お問い合わせは{email}まで。
From: Jan Novak <{email}>\\nTo: <{email}>\\nSubject: minutes
{"user": "{email}", "id": 17}
author = "Anna <{email}>"
Two of us ({email}/{email}) will come.
No spam please: {disguised} is my address.
E-Mail: {disguised}
The office number is {phone} on weekdays.
Tel.: {phone}
Phone: {phone}, Fax: {phone}
Rufen Sie uns an: {phone}.
Téléphone : {phone}
Teléfono {phone} (de lunes a viernes)
电话：{phone}，欢迎来电。
請致電{phone}查詢。
Звоните {phone} с девяти до шести.
Reach her at {phone}; he is at {phone}.
Bakery, 12 Mill Lane - {phone} - open daily
Ring me on {phone}!
Call us at {called_phone} today.
You can reach me on {called_phone}.
Bitte rufen Sie uns an: {called_phone}
Tel: {called_phone}
phone {called_phone}
Mobile number: {called_phone}
Telefon {called_phone}
Tél. : {called_phone}
Teléfono: {called_phone}
手机：{called_phone}
电话{called_phone}
тел. {called_phone}
WhatsApp {called_phone}
Office: {called_phone}
Llámanos al {called_phone}
zadzwoń: {called_phone}
微信同号 {called_phone}
You can get me under {phone} after six.
The login came from {ip} last night.
Blocked {ip} after nine tries.
{ip} - - [10/Oct/2020:13:55:36 +0200] "GET / HTTP/1.0" 200 2326
ping {ip}
Der Server mit der Adresse {ip} ist nicht erreichbar.
服务器地址为{ip}。
ssh root@{ip} -p 22
http://{ip4}:8080/status
Last edited by {ip}, two hours ago.
My card {card} was charged twice.
Kreditkarte: {card}
Card number {card}, expires 12/29.
卡号：{card}
Numéro de carte : {card}.
Tarjeta {card} a nombre de Ana.
pay with {card} please
Please transfer it to {iban} by Monday.
IBAN: {iban}
IBAN {iban}, BIC ABCDDEFF
Bankverbindung: {iban}.
Virement sur le compte {iban}
La cuenta es {iban}, gracias.
Overmaken naar {iban} t.n.v. de vereniging
Her number is {person}, as printed on the card.
ID: {person}
name,number\\nAnna,{person}
{person} was entered by mistake.
Personal number {person}.
SSN {ssn}
His social security number, {ssn}, was on the form.
身份证号：{chinese}
身份证{chinese}号码有误
CPF {brazilian}
National Insurance number {nino} is on the payslip.
Aadhaar: {indian}
Aadhaar no. {indian} is linked.
आधार {indian}
export TOKEN={key}
api_key = "{key}"
Authorization: Bearer {key}
Oops, I pushed {key} to the repository.
{"token": "{key}"}
der Schlüssel lautet {key}
curl -H 'X-Key: {key}' https://api.example/v1
git clone https://{login}@git.example/team/app.git
postgres://{login}@db.example:5432/app
redis: redis://{login}@cache.example
""".strip()
    .replace("\\n", "\x01")
    .split("\n")
)

NEGATIVES = (
    """
Upgrade to version {version} first.
v{version} fixes the crash.
Chrome/{version} Safari/537.36
Released as {version}; see the notes.
1.2.3.4 Storage of samples
See section 1.1.1.1 and clause 4.3.2.1 of the annex.
The block 198.51.100.0/24 is set aside for examples.
Route 85.10.0.0/16 through the tunnel.
The router sits at {private}.
ifconfig eth0 {private}
OID 1.3.6.1.4.1.311.21
SNMP object 1.3.6.1.2.1
Alcohol dehydrogenase is EC 1.1.1.1, malic enzyme EC 1.1.1.40.
Born {day}, died {day}.
Updated {day} by the editors.
{day}
Am {day} um 12:30:45 Uhr.
From {day} to {day} it was closed.
ISBN {isbn}
ISBN-13: {isbn}, hardcover
{isbn} is out of print.
ISSN 2049-3630
ISSN 0378-5955 (print)
EAN 4006381333931
doi:10.1000/182 and doi:10.1038/s41586-020-2649-2
https://doi.org/10.1145/3292500.3330701
arXiv:2402.19282v6
PMID: 31452104, PMC6710295
Position 48.858370, 2.294481
40.7128° N, 74.0060° W
geo:37.786971,-122.399677
It costs $1,299.00, or 1.299,00 EUR.
A loan of 250 000 000 kr over 30 years.
12 345 678 people live there.
Population: 8,336,817 (2019), 8 175 133 (2010).
1 000 000 000 stars
In 2019, 2020, 2021 and 2022 there were 1203, 1340, 1422 and 1507 cases.
2016 2017 2018 2019 2020 2021
1984 1985 1986
Order 4500012345678 has shipped.
Order number 415-555-0132
Tracking: 1Z999AA10123456784
Invoice no. 2023-001234-77
Bestellnummer 300456789
订单号：20230415123456789
Artikel-Nr. 030-123456
Part No. 212-555-0199-B
Part number 8000-1234-5678
SKU 0412-345-678
Patent US 7,654,321 B2
US patent 6543210
Case 03-1234-5678-CV
MAC 00:1A:2B:3C:4D:5E
MAC 00-1A-2B-3C-4D-5E
Commit {digest} broke it.
sha256:{digest}
id {uuid}
urn:uuid:{uuid}
{uuid}
card {wrong_card}
4242 is the pin of nothing, 4242 4242 the name of a band.
12:30:45 and 08:00-18:30
Open 9.00-16.00, Sat 10.00-14.00
The match ended 6-4, 3-6, 7-6 (8-6).
Scores: 21-15, 19-21, 15-13
1. e4 e5 2. Nf3 Nc6 3. Bb5 a6 4. Ba4 Nf6 5. O-O Be7
3.14159265358979 is enough digits.
x = 2.718281828459045, y = 1.4142135623730951
6.02214076e23 and 1.602176634e-19
0.30000000000000004
f(x+1234567890) = 9876543210
2147483647 is the largest, -2147483648 the smallest.
from -2147483648 to +2147483647
18446744073709551615
timestamp 1617181723, in ms 1617181723456
Gained +100000000 points and +250,000 followers.
@property\\ndef name(self): return self._name
@media (min-width: 640px)
Thanks @anna and @jan_novak!
logo@2x.png icon@3x.webp
npm install left-pad@1.3.0 @types/node@18.0.0
pkg@1.2.3
uses: actions/checkout@v4
git@github.com:org/repo.git
user@localhost
x = a@b
follow us @example.official
Meet me @ noon.
(at) the corner [at] night
std::vector<int>::iterator it = std::begin(v);
Foo::Bar::baz(2001::size)
2001: A Space Odyssey
1 Samuel 17:45, John 3:16-18, Psalm 119:105
2024:05:12 10:11:12
#FF8800 #1a2b3c rgba(255,136,0,0.5)
RFC 2616, RFC 8259, ISO 8601, ISO/IEC 10646-1:2000
GB 17740-1999 and GB/T 33661-2017
IRAS 16293-2422
PSR B1919+21, SNR 0509-67.5, NGC 4622
Springfield, IL 62704-1234
P.O. Box 12345-6789
ZIP 94105-1234
CAS 7732-18-5, 64-17-5, 50-00-0
UPC 036000291452
Flight LH 1234 on A320-200, seat 23C
Bus 101, 102, 103, 204, 305
Model XR-2000-45, serial 55-443-21
Windows 10.0.19041.1, build 19041.1
10 20 30 40 50 60 70 80
00 01 02 03 04 05 06 07 08 09
0000 01 02 03 04 05 06 07
48 65 6C 6C 6F 20 57 6F
555 1234 is a song.
911, 112 and 999 are emergency numbers.
The year 1945-46 and seasons 1998-99, 1999-2000.
pp. 1123-1145, vol. 34, no. 2
Nature 403, 123-130 (2000).
Lot 12, 450 sq ft, 1200-1500 built
1/4-20 x 3/4 screws
5'10", 180 lb, 32-30-32
https://shop.example/item/4006381333931?ref=12345678901
https://img.example/2023/05/12/1234567890123456.jpg
/var/log/2023-05-12-103045.log
file_20230512_103045_001.txt
https://video.example/watch?v=dQw4w9WgXcQ
data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAUA
TWFuIGlzIGRpc3Rpbmd1aXNoZWQsIG5vdCBvbmx5IGJ5IGhpcyByZWFzb24=
sk-your-api-key-goes-here
api_key = "YOUR_API_KEY"
hf_transfer and hf_hub_download are names.
export TOKEN={blank_key}
https://user:password@example.com/
https://$USER:$PASS@example.com/
https://{user}:{secret}@example.com/
http://example.com:8080/path@home
-----BEGIN CERTIFICATE-----\\nMIIB\\n-----END CERTIFICATE-----
-----BEGIN PUBLIC KEY-----
state-of-the-art, know-how, up-to-date
snake_case_names_are_quite_long_1234
DE is a country, DE12 a road and GB29 a sign.
FR76 highway
AB123456C is a product.
CE 12 34 is a mark.
A12345678 and B1234567
12345678A
Genesis 1:1, 2:3; Exodus 20:1-17
Telephones: 31,000 (1997)
Call of Duty 2003 2005 2007
call 2 000 people
It will reach 12 000 000 viewers.
an 18 000 000 budget
They call 1 200 000 voters, text 3 400 000 more.
Phone sales: 1.2 million in 2019 2020
mobile users 3,4,5
Kurs 1.0832-1.0911
Elo 2850 2830 2810
Table 3.2.1.4 lists them.
Artikel 5.2.3.4 gilt.
版本10.2.33.44发布
第1.2.3.4节
人口1234567人，面积12345平方公里
编号20230415001234
共12345678元
Fold 1 of 5: 0.8123 0.8234 0.8101 0.8333 0.8245
The 2010-2011 and 2011-2012 seasons, 38 matches
Tel Aviv 2010, 404 000 inhabitants
Call 5 of 7 at 10.30-11.30
phone sold 12 000 000 units
The fax of 1987-1992 era
mobile phones 2005 2006 2007
Bug 1234567, see bug 7654321
In [12]: 1234567 * 89
RefSeq NM_001301717.2, chr7:55,019,017-55,211,628
GenBank AB123456, U12345
5-HT2A, CYP2D6, IL-12p40
Lat/Lon: -33.8688, 151.2093
ratio 16-9 or 4-3, size 210-297
USB 3.2.1.1? no: USB 3.2
DSM-5 300.02 (F41.1), ICD-10 F32.9
E 102, E 330, E 471
$12,345,678.90 and €1.234.567,89
phone-2012-2013 model
Rev. 12.345.678-9 of chapter 12
ean: 9780306406157
serial 0412 345 678
tracking number 1300 555 012 555
Q3 2021: 1 204 567 890 shares
DE 123 456 789 is the VAT id of a firm
BTC 1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa
eth 0x52908400098527886E0F7030069857D2E4169EE7
11 22 33 44 55 66
05 05 05 05 05
07 024 000365
IRAS 16262-2619
hep-ph/0309057 and astro-ph/0511666
EC 1.1.1.42 and EC 4.1.1.71
FileVersion: 7.5.0.101
"2.5.29.37"
AutoHotkey 1.1.33.10
02 14 23 31 38 45 (lotto)
Lotto: 04 12 18 27 33
(03) 1234 (04) 5678
p. 030-123, 044-200
08-12-2024, 03-05-2023 12:00
0345-0412 UTC
L = 0412 345 678 900
pkg:npm/foo@bar.baz
obj@class.method
A@B.C
v = M@x.T
meet@8.30
e.g. foo@1.2.3.4
10.1016/j.cell.2020.01.001
12.34.56.78.90
libfoo.so.12.34.56.78
app-99.34.56.178.tar.gz
firmware 85.34.56.178
Update auf 85.34.56.178
84.12.90.33/22 is a net
10.200.3.4, 172.31.0.9
AC12 3456 7890
LT12 abc
NO93 road
MT 5:13, RO 8:28
sk-learn and sk-image
AKIA is a prefix
hf_token = os.environ["HF_TOKEN"]
password: hunter2
redis://localhost:6379/0
xoxb is what Slack uses
gh_pages_branch_for_documentation_v2
npm_config_user_agent_is_a_variable
""".strip()
    .replace("\\n", "\x01")
    .split("\n")
)

_FIELD = re.compile(
    r"\{("
    + "|".join([*TYPE_OF, "version", "private", "day", "isbn", "digest", "uuid", "wrong_card", "blank_key"])
    + r")\}"
)


def examples(seed: int = 7, positives: int = 9, negatives: int = 3) -> Iterator[Example]:
    """Yield each sentence with data several times; each without several times if something in it changes."""
    chance = Random(seed)
    for sentence in POSITIVES:
        for _ in range(positives):
            yield _filled(sentence, chance)
    for sentence in NEGATIVES:
        for _ in range(negatives if _FIELD.search(sentence) else 1):
            yield _filled(sentence, chance)


def _filled(sentence: str, chance: Random) -> Example:
    text, spans, at = "", [], 0
    for field in _FIELD.finditer(sentence):
        text += sentence[at : field.start()]
        value = _made(field[1], chance)
        if field[1] in TYPE_OF:
            spans.append((TYPE_OF[field[1]], len(text), len(text) + len(value)))
        text += value
        at = field.end()
    return Example((text + sentence[at:]).replace("\x01", "\n"), tuple(spans))


def _made(name: str, chance: Random) -> str:
    if name == "person":
        return chance.choice(values.PEOPLE)(chance)
    return getattr(values, {"private": "private_ip"}.get(name, name))(chance)
