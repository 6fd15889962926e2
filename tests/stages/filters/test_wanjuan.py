"""The three families of anomalies: garbage goes, good text of any language stays."""

from __future__ import annotations

import pyarrow.parquet as pq
import pytest

from curate.stages.filters import wanjuan
from tests.stages.filters.test_gopher import reasons

FILTERS = (wanjuan.separators, wanjuan.characters, wanjuan.punctuation)


@pytest.mark.parametrize(
    ("rules", "text", "reason"),
    [
        (wanjuan.separators(), "The harbour was quiet.\n\n---\n\nNobody slept.", None),
        (wanjuan.separators(), "=======\nWelcome to my page\n=======", "mostly_separators"),
        (wanjuan.separators(), "Home | Shop | News | Help", "mostly_menu_or_table"),
        (wanjuan.separators(), "Red\nGreen\nBlue\n", "lines_too_short"),
        (wanjuan.separators(), "", "lines_too_short"),
        (wanjuan.characters(), "The harbour was quiet, on 3 May 2024.", None),
        (wanjuan.characters(), "ab\x00\x01 cd", "broken_characters"),
        (wanjuan.characters(), "\ue000\ue001 private use", "broken_characters"),
        (wanjuan.characters(), "Ã©tÃ© Ã  la plage", "wrong_encoding"),
        (wanjuan.characters(), "♥♥ love ♥♥ love ♥♥", "too_many_symbols"),
        (wanjuan.characters(), "12.5 13.6 14.7 units", "mostly_numbers"),
        (wanjuan.characters(), "a,, b;; (c): 'd'. e! f?", "too_few_letters"),
        (wanjuan.characters(), "haaaaaaaaaaaa", "one_character_everywhere"),
        (wanjuan.punctuation(), "Nobody came.", None),
        (wanjuan.punctuation(), "ประชากรของเมือง เพิ่มขึ้นทุกปี", None),
        (wanjuan.punctuation(), "cheap shoes buy shoes online", "too_little_punctuation"),
        (wanjuan.punctuation(), "a(b).(c)", "mostly_punctuation"),
        (wanjuan.punctuation(), "The best price in town today!!!!!!", "repeated_punctuation"),
    ],
)
def test_a_family_drops_for_the_defect_it_names(rules, text, reason):
    assert reasons(rules, text) == [reason]


@pytest.mark.parametrize("name", ["text/enwiki", "text/zhwiki", "text/books", "langid/xquad"])
def test_good_text_is_kept_nearly_always(data, name):
    rows = pq.read_table(data / f"{name}.parquet").to_pylist()
    by_language: dict[str, list[str]] = {}
    for row in rows:
        by_language.setdefault((row["metadata"] or {}).get("lang") or name, []).append(row["text"])
    for language, texts in by_language.items():
        for rules in FILTERS:
            kept = reasons(rules(), *texts).count(None) / len(texts)
            assert kept >= 0.995, (language, rules.__name__, kept)
