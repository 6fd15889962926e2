from __future__ import annotations

import codecs
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curate.stages.extract.charset import decode

RUSSIAN = "Сегодня в Москве хорошая погода, и дети играют во дворе. Завтра обещают дождь и сильный ветер. " * 3
GERMAN = "Die Größe der Bäume überrascht: fünf Männer können sie nicht umfassen. Schöne Grüße aus München! " * 3
JAPANESE = "今日はとても良い天気ですね。公園で子供たちが遊んでいます。明日は雨が降るでしょう。" * 3
CHINESE = "今天天气很好，孩子们在公园里玩耍。明天可能会下雨，请带上雨伞。中文网页的编码检测。" * 3
TRADITIONAL = "今天天氣很好，孩子們在公園裡玩耍。明天可能會下雨，請帶上雨傘。中文網頁的編碼偵測。" * 3
KOREAN = "오늘은 날씨가 매우 좋습니다. 아이들이 공원에서 놀고 있습니다. 내일은 비가 올 것입니다. " * 3
GREEK = "Σήμερα ο καιρός είναι πολύ καλός και τα παιδιά παίζουν στην αυλή του σχολείου τους. " * 3
TURKISH = "Bugün hava çok güzel, çocuklar bahçede oynuyor ve şarkı söylüyorlar. İstanbul'da yağmur. " * 3

ENCODINGS = [  # text, Python's codec, the label on the page, WHATWG's name
    (GERMAN, "utf-8", "utf-8", "utf-8"),
    (GERMAN, "latin-1", "ISO-8859-1", "windows-1252"),
    (RUSSIAN, "cp1251", "windows-1251", "windows-1251"),
    (RUSSIAN, "koi8-r", "KOI8-R", "koi8-r"),
    (JAPANESE, "cp932", "Shift_JIS", "shift_jis"),
    (JAPANESE, "euc_jp", "x-euc-jp", "euc-jp"),
    (JAPANESE, "iso2022_jp", "iso-2022-jp", "iso-2022-jp"),
    (CHINESE, "gb18030", "gb2312", "gb18030"),
    (TRADITIONAL, "big5", "big5", "big5"),
    (KOREAN, "euc_kr", "ks_c_5601-1987", "euc-kr"),
    (GREEK, "iso8859-7", "iso-8859-7", "iso-8859-7"),
    (TURKISH, "cp1254", "iso-8859-9", "windows-1254"),
]  # fmt: skip
NAMES = [codec for _, codec, _, _ in ENCODINGS]


def page(text: str, meta: str = "") -> str:
    return f"<html><head>{meta}<title>t</title></head><body><p>{text}</p></body></html>"


@pytest.mark.parametrize(("text", "codec", "label", "name"), ENCODINGS, ids=NAMES)
def test_the_header_decides(text, codec, label, name):
    found = decode(page(text).encode(codec), None, label)
    assert (found.text, found.charset, found.source, found.n_replaced) == (page(text), name, "header", 0)


@pytest.mark.parametrize(("text", "codec", "label", "name"), ENCODINGS, ids=NAMES)
def test_the_charset_in_a_content_type_decides(text, codec, label, name):
    found = decode(page(text).encode(codec), f'text/html; Charset="{label}"; x=y')
    assert (found.text, found.charset, found.source) == (page(text), name, "header")


@pytest.mark.parametrize(("text", "codec", "label", "name"), ENCODINGS, ids=NAMES)
def test_the_meta_tag_decides_without_a_header(text, codec, label, name):
    meta = f'<META http-equiv="Content-Type" content="text/html; charset={label}">'
    found = decode(page(text, meta).encode(codec), "text/html")
    assert (found.text, found.charset, found.source) == (page(text, meta), name, "meta")


@pytest.mark.parametrize(("text", "codec", "label", "name"), ENCODINGS, ids=NAMES)
def test_without_any_label_the_charset_is_detected(text, codec, label, name):
    found = decode(page(text).encode(codec))
    assert (found.text, found.source) == (page(text), "bytes")


@pytest.mark.parametrize(("text", "codec", "label", "name"), ENCODINGS, ids=NAMES)
def test_a_wrong_utf_8_label_is_corrected(text, codec, label, name):
    found = decode(page(text).encode(codec), None, "utf-8")
    assert found.text == page(text)


@pytest.mark.parametrize("claim", ["iso-8859-1", "windows-1251", "gb2312", "shift_jis"])
def test_valid_utf_8_is_utf_8_whatever_the_header_says(claim):
    found = decode(page(GERMAN + RUSSIAN).encode(), None, claim)
    assert (found.text, found.charset, found.source) == (page(GERMAN + RUSSIAN), "utf-8", "bytes")


@pytest.mark.parametrize(
    ("mark", "codec", "name"),
    [
        (codecs.BOM_UTF8, "utf-8", "utf-8"),
        (codecs.BOM_UTF16_LE, "utf-16-le", "utf-16le"),
        (codecs.BOM_UTF16_BE, "utf-16-be", "utf-16be"),
    ],
)
def test_a_byte_order_mark_overrides_the_header_and_is_removed(mark, codec, name):
    found = decode(mark + page(JAPANESE).encode(codec), None, "iso-8859-1")
    assert (found.text, found.charset, found.source) == (page(JAPANESE), name, "bom")


@pytest.mark.parametrize("codec", ["utf-16-le", "utf-16-be"])
def test_utf_16_without_a_mark_is_detected(codec):
    assert decode(page(GERMAN).encode(codec)).text == page(GERMAN)


def test_an_unknown_label_is_ignored():
    assert decode(page(GERMAN).encode(), None, "utf8mb4-fancy").source == "bytes"
    assert decode(b"<p>plain", "text/html; charset=").text == "<p>plain"


def test_a_meta_tag_in_a_comment_is_ignored():
    found = decode(page(GERMAN, '<!-- <meta charset="koi8-r"> -->').encode("latin-1"))
    assert (found.charset, found.source) == ("windows-1252", "bytes")


def test_a_few_broken_bytes_are_replaced_and_counted():
    found = decode(page(GERMAN).encode() + b"\xff and \xc3", None, "utf-8")
    assert (found.charset, found.n_replaced) == ("utf-8", 2)
    assert found.text == page(GERMAN) + "\ufffd and \ufffd"


def test_replacement_characters_of_the_author_are_not_counted():
    assert decode("what is \ufffd?".encode(), None, "utf-8").n_replaced == 0


@given(
    st.binary(max_size=400), st.sampled_from([None, "utf-8", "gb2312", "iso-2022-jp", "utf-16", "big5", "x\r\ny", "é"])
)
def test_any_bytes_under_any_claim_decode_to_text_that_utf_8_can_hold(data, claim):
    found = decode(data, f"text/html; charset={claim}", None)
    found.text.encode()
    assert 0 <= found.n_replaced <= len(found.text)


# ---------------------------------------------------------------------- a default that servers send


@pytest.mark.parametrize(("text", "codec", "label", "name"), ENCODINGS, ids=NAMES)
@pytest.mark.parametrize("default", ["ISO-8859-1", "windows-1252"])
def test_the_meta_tag_of_a_page_beats_the_default_of_a_server(text, codec, label, name, default):
    meta = f'<meta http-equiv="Content-Type" content="text/html; charset={label}">'
    found = decode(page(text, meta).encode(codec), None, default)
    assert (found.text, found.charset, found.n_replaced) == (page(text, meta), name, 0)


SCRIPTS = [one for one in ENCODINGS if one[0] not in (GERMAN, TURKISH)]


@pytest.mark.parametrize(("text", "codec", "label", "name"), SCRIPTS, ids=[one[1] for one in SCRIPTS])
@pytest.mark.parametrize("meta", ["", '<meta charset="iso-8859-1">'])
def test_a_page_in_another_script_is_detected_behind_a_default(text, codec, label, name, meta):
    found = decode(page(text, meta).encode(codec), None, "ISO-8859-1")
    assert found.text == page(text, meta)


@pytest.mark.parametrize(
    "text",
    [
        GERMAN,
        "Café à la crème, œufs, naïve façade. " * 5,
        "a\xa0\xa0\xa0\xa0b\xa0\xa0\xa0\xa0c é",
        "—————— • ——————",
        "«¡¡¡Olé!!!»",
        "é",
        "ÄÖÜäöüß",
    ],
)
@pytest.mark.parametrize("meta", ["", '<meta charset="iso-8859-1">', '<meta charset="gbk">', '<meta charset="utf-8">'])
def test_a_page_in_a_western_encoding_stays_in_it(text, meta):
    data = page(text, meta).encode("cp1252")
    found = decode(data, None, "ISO-8859-1")
    if "gbk" in meta and "".join(data.decode("gb18030", "ignore")) == data.decode("gb18030", "replace"):
        return  # these bytes are also valid in the encoding that the page states
    assert (found.text, found.charset) == (page(text, meta), "windows-1252")


@pytest.mark.parametrize("label", [None, "iso-8859-1", "utf-8", "gbk", "windows-1251", "shift_jis"])
def test_random_bytes_are_unreadable_in_every_encoding(label):
    for seed in range(20):
        data = random.Random(seed).randbytes(700)
        found = decode(data, None, label)
        assert found.unreadable_share(found.text.count("\0"), len(found.text)) > 0.1, (seed, found.charset)


@pytest.mark.parametrize(("text", "codec", "label", "name"), ENCODINGS, ids=NAMES)
def test_text_has_no_unreadable_characters(text, codec, label, name):
    found = decode(page(text).encode(codec), None, label)
    assert found.unreadable_share(0, len(found.text)) == 0
