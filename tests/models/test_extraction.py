"""Training of the extraction model: labels, odds, complete trees, pages of our own making."""

from __future__ import annotations

import hashlib
from importlib.resources import files

import numpy as np
import pytest

from curate.errors import InputError
from curate.kernels.blocks.select_blocks import select_blocks
from curate.kernels.blocks.trees import predict
from curate.stages.extract.blocks import MODEL, MODEL_SHA256
from examples.bundled_models.extraction.examples import TOKEN_BITS, Odds, block_texts, made_example, moved_example, read
from examples.bundled_models.extraction.fit import Sizes, boost, complete_trees, fit, fold_of
from examples.bundled_models.extraction.gold import Entry, entries, gold_examples, gold_pages, labelled
from examples.bundled_models.extraction.labels import label
from examples.bundled_models.extraction.made import KINDS, made_pages
from examples.bundled_models.extraction.pages import Page, owner_of, script_of, site_of
from examples.bundled_models.extraction.scores import gram_score, segment_score
from examples.bundled_models.extraction.transfer import SCRIPTS, transfer
from tests.bench.real_data import real_data

LONG = "The keeper counted the ships each evening and wrote their names into a book."


def page(html: str, **gold) -> Page:
    return Page("p", "a.example", html, gold.get("keep", ()), gold.get("drop", ()), gold.get("text"), "segments")


def test_a_segment_covers_the_blocks_it_is_in_and_those_in_it():
    blocks = ["Menu", LONG, "In winter", "few ships came.", "Read more"]
    gold = page("", keep=("wrote their names into", "In winter few ships came."), drop=("Read more",))
    labels = label(gold, blocks, {})
    assert labels.main.tolist() == [0, 1, 1, 1, 0]
    assert (labels.weight[[1, 2, 3, 4]] > 5 * labels.weight[0]).all()


def test_blocks_without_gold_follow_the_teachers():
    kept = dict.fromkeys(("trafilatura", "trafilatura_precision", "readability", "resiliparse", "justext"), LONG)
    assert label(page(""), [LONG, "Another thing altogether, said the man."], kept).main.tolist() == [1, 0]
    some = label(page(""), [LONG], {"trafilatura": LONG, "justext": "x" * 60, "resiliparse": "y" * 60})
    assert 0 < some.main[0] < 1


def test_a_short_block_is_main_text_where_it_is_a_line_of_it():
    labels = label(page("", text=f"Ships\n{LONG} Share this."), ["Ships", LONG, "Share"], {})
    assert labels.main.tolist() == [1, 1, 0]


def test_odds_leave_a_pages_own_site_out():
    examples = [made_example(m) for m in made_pages(n_each=1)]
    odds = Odds(examples, "tokens", TOKEN_BITS)
    site = examples[0].site
    without = Odds([e for e in examples if e.site != site], "tokens", TOKEN_BITS)
    assert (odds.table(site) == without.table()).all()
    assert (odds.table() != without.table()).any()


@pytest.mark.parametrize("depth", [3, 6])
def test_complete_trees_answer_as_the_trainers_do(depth):
    lightgbm = pytest.importorskip("lightgbm")
    chance = np.random.default_rng(1)
    x = chance.normal(size=(4000, 12)).astype(np.float32)
    y = (x[:, 0] + x[:, 1] * x[:, 2] > 0).astype(np.float32)
    params = {"objective": "cross_entropy", "max_depth": depth, "num_leaves": 2**depth, "verbose": -1}
    booster = lightgbm.train(params, lightgbm.Dataset(x, y), 20)
    trees = complete_trees(booster.dump_model()["tree_info"], depth)
    edges = np.concatenate([x, trees.threshold[np.isfinite(trees.threshold)][:500, None].repeat(12, 1)])
    assert np.abs(predict(trees, edges) - booster.predict(edges)).max() < 1e-6


def test_a_model_learns_our_own_pages_and_keeps_to_them():
    pytest.importorskip("lightgbm")
    examples = [made_example(m) for m in made_pages(n_each=2)]
    inside = [e for e in examples if fold_of(e.site, 4) != 0]
    model = fit(inside, Sizes(depth=4, first=20, second=20, comments=10))
    from examples.bundled_models.extraction.evaluate import hold

    right = [((hold(e, model).main > 0.5) == (e.labels.main > 0.5)).mean() for e in examples if fold_of(e.site, 4) == 0]
    assert np.mean(right) > 0.9


def test_boosting_twice_gives_the_same_trees():
    pytest.importorskip("lightgbm")
    chance = np.random.default_rng(2)
    x, y = chance.normal(size=(1000, 5)).astype(np.float32), chance.random(1000).astype(np.float32)
    first, second = (boost(x, y, np.ones(1000, np.float32), 5, Sizes(depth=4)) for _ in range(2))
    assert all((a == b).all() for a, b in zip(first, second, strict=True))


def test_our_pages_have_every_kind_and_their_marks_do_not_show():
    made = list(made_pages(n_each=1))
    assert {m.page.kind for m in made} == {f"made: {kind}" for kind in KINDS}
    for one in made:
        assert not set("\ue000\ue001") & set(one.page.html)
        blocks = block_texts(read(one.page.html.encode()))
        main = made_example(one).labels.main
        kept = " ".join(block for block, is_main in zip(blocks, main, strict=True) if is_main)
        assert sorted(kept.split()) == sorted(
            one.page.text.split()
        )  # gold is noted as it is written, not in page order


@pytest.mark.parametrize("script", SCRIPTS)
def test_a_page_in_another_script_keeps_its_blocks_and_labels(script):
    example = made_example(next(iter(made_pages(n_each=1))))
    moved = moved_example(example, script)
    assert moved.labels is example.labels
    assert moved.html != example.html
    assert transfer("<p class='a b'>x &amp; y</p><script>var z</script>", script).count("<p class='a b'>") == 1
    assert "var z" in transfer("<p>x</p><script>var z</script>", script)


def test_sites_scripts_and_folds():
    assert site_of("https://www.news.bbc.co.uk/x") == "bbc.co.uk"
    assert site_of("https://a.b.example.org/x") == "example.org"
    assert [script_of(page("", text=text)) for text in ("漢字かなまじり", "汉字文章", "слова", "words")] == [
        "Kana", "Han", "Cyrillic", "Latin",
    ]  # fmt: skip
    assert {fold_of(f"site{i}.example", 5) for i in range(100)} == set(range(5))


@pytest.mark.parametrize(
    ("name", "html", "owner"),
    [
        ("https://www.news.bbc.co.uk/x", "", "bbc"),
        ("https://web.archive.org/web/20140226054445/http://www.time4talks.com/2013/", "", "time4talks"),
        ("nytimes-1", "", "nytimes"),
        ("002", '<link href="https://hacks.mozilla.org/2015/" rel="canonical">', "mozilla"),
        (
            "hard::guetemala.com-nicole.html",
            "<meta property='og:url' content='https://www.guatemala.com/n'>",
            "guatemala",
        ),
        ("hard::iwr.de.IWR-Pressedienst.html", "<link rel=canonical href=/news>", "iwr"),
    ],
)
def test_a_page_belongs_to_the_site_it_is_from_and_not_to_its_file(name, html, owner):
    assert owner_of(name, html) == owner


def entry(labels: str) -> Entry:
    return Entry("crawl.warc/0", "", "a", "forum", labels)


def test_gold_labels_each_block():
    gold = labelled(entry("1.2m1c"), "<p>Menu<p>A title<p>A post<p>Thanks!")
    assert (gold.page.text, gold.page.kind, gold.page.site) == ("A title\nA post", "real: forum", "a")
    labels = gold_examples([gold])[0].labels
    assert labels.main.tolist() == [0, 1, 1, 0]
    assert labels.comment.tolist() == [0, 0, 0, 1]


def test_gold_of_another_number_of_blocks_is_refused():
    with pytest.raises(InputError, match=r"has 2 blocks, and gold\.jsonl labels 3"):
        labelled(entry("3m"), "<p>Menu<p>A title")


@pytest.mark.skipif(real_data() is None, reason="needs the real pages: set CURATE_DATA to their folder")
def test_gold_fits_the_pages_it_was_made_for():
    gold = list(gold_pages(real_data() / "html", real_data() / "warc"))
    assert len(gold) == len(entries()) >= 100
    assert all(one.main.any() for one in gold)
    assert len({one.page.kind for one in gold}) >= 10


def test_scores_of_segments_and_of_4_grams():
    gold = page("", keep=("one two", "three"), drop=("menu",))
    assert segment_score([gold], ["one  two menu"]) == (0.5, 0.5, 0.5)
    assert gram_score(["a b c d e"], ["a b c d x"])[2] == pytest.approx(0.5)


def test_what_is_kept_makes_the_expected_f_largest():
    p, weight = np.array([0.9, 0.8, 0.4, 0.1], np.float32), np.ones(4, np.float32)
    kept, expected = select_blocks(p, weight, 0.5, 0.25, 0.6)
    best = max(1.5 * sum(p[:k]) / (0.5 * sum(p) + k) for k in range(1, 5))
    assert expected == pytest.approx(best)
    assert kept.tolist() == [True, True, False, False]


def test_the_model_file_is_small_and_the_one_the_code_was_tested_with():
    data = (files("curate.models") / MODEL).read_bytes()
    assert len(data) < 400_000
    assert hashlib.sha256(data).hexdigest() == MODEL_SHA256
