"""`safety.words`: what counts as a listed word, which list counts for whom, and what is dropped."""

from __future__ import annotations

import numpy as np
import pyarrow.parquet as pq
import pytest

from curate import Batch
from curate.assets import File
from curate.errors import InputError, SpecError
from curate.kernels.word_trie import LONGEST
from curate.stages.safety.words import words


@pytest.fixture
def judge(tmp_path):
    """Return a function that judges texts by lists given as text."""

    def judge(texts, languages=None, params=None, **lists):
        files = {}
        for name, content in lists.items():
            path = tmp_path / f"{name}.txt"
            path.write_bytes(content if isinstance(content, bytes) else content.encode())
            files[name] = File(path)
        stage = words(lists=files, **(params or {})) if files else words(**(params or {}))
        stage.setup()
        columns = {"id": [str(i) for i in range(len(texts))], "text": texts}
        return stage(Batch.from_columns(columns | ({"language": languages} if languages else {})))

    return judge


def test_the_share_is_of_words_in_entries_and_a_short_text_counts_as_a_hundred_words(judge):
    batch = judge(["bad things " * 2 + "fine " * 6, "bad things " * 10 + "fine " * 180, "", "fine"], any="bad things\n")
    assert batch["listed_words"].to_pylist() == [2, 10, 0, 0]
    assert batch["listed_words_distinct"].to_pylist() == [1, 1, 0, 0]
    assert np.allclose(batch.numbers("listed_words_share"), [0.04, 0.1, 0, 0])
    assert batch.verdicts.is_kept.tolist() == [False, False, True, True]
    assert np.allclose(batch.verdicts.value[:2], [0.04, 0.1])
    assert batch.verdicts.evidence[1] == "bad things ×10"


def test_a_bound_on_different_entries_has_a_reason_of_its_own(judge):
    batch = judge(["a b c " + "x " * 500, "a a a a " + "x " * 500], params={"max_distinct": 2}, any="a\nb\nc")
    assert batch.verdicts.reasons == ("listed_words", "many_listed_words")
    assert batch.verdicts.code.tolist() == [1, -1]
    assert batch.verdicts.evidence[0] == "a ×1"


def test_null_only_measures(judge):
    batch = judge(["bad " * 100], params={"max_share": None}, any="bad")
    assert batch["listed_words_share"].to_pylist() == [1.0]
    assert batch.verdicts.is_kept.all()
    assert batch.counts == {"kept_with_listed_words": 1}


def test_each_list_counts_for_its_language_and_all_where_none_is_known(judge):
    texts = ["gift 赌场 all"] * 7
    languages = ["de", "zh", "zh-Hant", "fr", None, "un", "de-AT"]
    batch = judge(texts, languages, de="gift", zh="赌场\n", any="all")
    assert batch["listed_words"].to_pylist() == [2, 2, 2, 1, 3, 3, 2]
    assert judge(texts[:1], de="gift", zh="赌场\n")["listed_words"].to_pylist() == [2]


def test_evidence_names_the_most_frequent_entry_and_every_list(judge):
    batch = judge(["Gift gift GIFT 赌场 " * 3], ["un"], de="gift", zh="赌场\n", fr="autre")
    assert batch.verdicts.evidence[0] == "gift ×9" and batch.verdicts.lists.of(0) == ["de", "zh"]
    assert batch.counts == {"kept_with_listed_words": 0}


def test_lines_that_do_not_count_are_counted_once(judge):
    text = f"\ufeff# comment\r\n\r\nＢad\r\nbad \r\n成\r\n\u0301x\r\n{'y' * (LONGEST + 1)}\r\n \u00ad \r\n"
    batch = judge(["bad 成"], any=text)
    ignored = {
        name.removeprefix("ignored in any: "): n for name, n in batch.counts.items() if name.startswith("ignored")
    }
    assert ignored == {"repeated": 1, "one character": 1, "begins with a combining mark": 1, "too long": 1}
    assert batch["listed_words"].to_pylist() == [1]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "has no entry"),
        (b"# only this\n\n", "has no entry"),
        ("成\n人\n".encode(), "2 lines are ignored"),
        (b"ok\nb\xffd\n", ":2: not valid UTF-8"),
        (b"\x00\x01\x02", ":1: not a text file"),
        (b"x" * (1 << 24), "has no entry: 1 lines are ignored"),
    ],
)
def test_a_list_that_is_none_is_refused(judge, content, message):
    with pytest.raises(InputError, match=message):
        judge(["text"], any=content)


def test_no_lists_at_all_are_refused():
    with pytest.raises(SpecError):
        words(lists={})


def test_every_real_list_is_read_and_finds_its_own_entries(data):
    files = [*(data / "lists" / "badwords").iterdir(), *(data / "lists" / "zh-sensitive").iterdir()]
    assert len(files) >= 2
    for file in files:
        stage = words(lists={"any": File(file)}, max_share=None)
        stage.setup()
        batch = stage(Batch.from_columns({"id": stage._entries, "text": stage._entries}))
        assert min(batch["listed_words"].to_pylist()) == 1, file


@pytest.mark.slow
def test_the_default_drops_nothing_that_is_harmless(data):
    stage = words()
    stage.setup()
    for name in ("enwiki", "zhwiki", "imdb-sample", "agnews-test"):
        texts = pq.read_table(data / "text" / f"{name}.parquet", columns=["text"])["text"].to_pylist()
        batch = stage(Batch.from_columns({"id": [str(i) for i in range(len(texts))], "text": texts}))
        assert batch.verdicts.is_kept.all(), [e for e in batch.verdicts.evidence if e]
