"""The bundled text classifiers: they open, are small, have cards, and do what the cards say on sets of other origins."""

from __future__ import annotations

import numpy as np
import pytest

from curate.classifiers import evaluation, metrics
from curate.classifiers.loading import open_model
from examples.bundled_models.texts.__main__ import MODELS, RECIPES, make
from examples.bundled_models.texts.damage import OPERATIONS, damage
from examples.bundled_models.texts.grammar import expand, lists
from examples.bundled_models.texts.judged import POSITIVE, read_set
from examples.bundled_models.texts.sources import Data, sentences, tweet
from tests.conftest import ROOT

SETS = ROOT / "tests" / "models" / "sets"
BY_NAME = {recipe.name: recipe for recipe in RECIPES}


def scored(name: str, examples) -> np.ndarray:
    recipe = BY_NAME[name]
    return evaluation.score(open_model(name), examples, recipe.chunk, recipe.aggregate)


def auc(name: str, examples) -> float:
    return metrics.roc_auc(np.nan_to_num(scored(name, examples), nan=0.5).astype(float), examples.is_positive)


@pytest.mark.parametrize("name", BY_NAME)
def test_a_bundled_model_opens_and_its_card_is_its_own(name):
    model = open_model(name)
    assert model.positive == BY_NAME[name].positive
    card = (MODELS / f"{name}.md").read_text(encoding="utf-8")
    assert open_model(str(MODELS / f"{name}.npz")).digest in card
    for part in (
        "ROC AUC",
        "## Data",
        "## Other origins",
        "## On whole documents",
        "## Where the data is from",
        "## Limits",
    ):
        assert part in card
    assert "Whoever trained it has not" not in card


def test_all_models_together_are_small():
    assert sum(path.stat().st_size for path in MODELS.glob("*.npz")) < 8 << 20


def test_a_model_file_holds_weights_and_settings_only():
    for name in BY_NAME:
        with np.load(MODELS / f"{name}.npz", allow_pickle=False) as archive:
            assert set(archive.files) == {"settings", "weights"}


# name -> texts, from the least to the highest score
ASCENDING = {
    "toxicity": ["The river rises in the hills north of the town.", "This damn bus is late again.", "You are a stupid worthless moron."],
    "toxicity_zh": ["这座桥建于一九五三年，全长两公里。", "你们都是垃圾，滚出去。"],
    "adult": ["Breast cancer screening starts at fifty.", "XXX tube: free hardcore porn videos, horny milf blowjob"],
    "advertising": ["The council met on Tuesday and approved the minutes.", "Order today and get 50% off! Free shipping on all orders."],
    "fluency": ["Home | Login | Register | Top 10 | Contact | RSS", "the of was and river town in the a", "The committee met on Tuesday and decided to close the bridge until the repairs are finished. It will open again in spring."],
    "educational": ["lol see u at 8, bring the drinks", "A catalyst lowers the activation energy of a reaction and is not used up by it. Enzymes are catalysts made of protein."],
}  # fmt: skip


@pytest.mark.parametrize("name", ASCENDING)
def test_plain_cases_come_in_the_right_order(name):
    scores = open_model(name).scores(ASCENDING[name])
    assert (np.diff(scores) > 0).all(), scores
    assert scores[0] < 0.5 < scores[-1]


@pytest.mark.parametrize(
    ("name", "least"), [("toxicity", 0.85), ("toxicity_zh", 0.78), ("adult", 0.90), ("advertising", 0.90)]
)
def test_sentences_of_our_own_that_were_never_trained_on_are_told_apart(name, least):
    # Chinese reaches 0.81 only: COLD, which it is trained on, has contempt for groups and few plain curses and threats.
    judge = read_set(SETS / f"{name}.tsv", POSITIVE[name])["judge"]
    assert auc(name, judge) >= least


def test_adult_is_precise_on_medicine_education_news_and_fiction():
    for part in read_set(SETS / "adult.tsv", "adult").values():
        found = metrics.at(scored("adult", part).astype(float), part.is_positive, BY_NAME["adult"].threshold)
        assert found["precision"] >= 0.95
        assert found["recall"] >= 0.5


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "held_out", "least"),
    [
        ("fluency", "books and news, other damage", 0.85),
        ("fluency", "good web pages (DCLM's judges), other damage", 0.85),
        ("educational", "web pages, our labels: teaches (2) as against not at all (0)", 0.85),
    ],
)
def test_real_texts_of_another_origin_are_told_apart(name, held_out, least, data):
    assert auc(name, BY_NAME[name].others(Data(data))[held_out]) >= least


@pytest.mark.slow
def test_training_again_gives_the_same_bytes(data, tmp_path):
    pytest.importorskip("sklearn")
    make(BY_NAME["toxicity_zh"], data, SETS, tmp_path)
    assert (tmp_path / "toxicity_zh.npz").read_bytes() == (MODELS / "toxicity_zh.npz").read_bytes()


# ---------------------------------------------------------------------- how the data is made


@pytest.mark.parametrize("name", OPERATIONS)
def test_damage_is_the_same_for_the_same_seed_and_changes_the_text(name):
    texts = [
        f"The keeper counted {n} ships each evening. He wrote their names into a book, and slept." for n in range(9)
    ]
    one, again = damage(texts, [name], 5, 7), damage(texts, [name], 5, 7)
    assert one == again
    assert all(made.operation == name and 0.3 <= made.strength <= 1 and made.text not in texts for made in one)


def test_a_grammar_fills_its_places_and_minds_the_article():
    grammar = {"ship": ["oak ship"], "say": ["He saw {a} {ship}.", "{ship} ahoy"]}
    assert expand(grammar, "say", 2, 0) == ["He saw an oak ship.", "Oak ship ahoy"]


@pytest.mark.parametrize("name", ["toxicity", "advertising"])
def test_no_place_of_our_grammars_is_without_a_list(name):
    grammar = lists(name)
    for start in ("toxic", "benign") if name == "toxicity" else ("ad",):
        assert not [text for text in expand(grammar, start, 500, 1) if "{" in text]


def test_test_sentences_are_not_among_those_trained_on():
    ours = {
        text.lower()
        for start in ("toxic", "benign")
        for text in expand(lists("toxicity"), start, 9000 if start == "toxic" else 4000, start == "benign")
    }
    for part in read_set(SETS / "toxicity.tsv", "toxic").values():
        assert not ours & {text.lower() for text in part.texts}


def test_tweets_lose_names_links_and_marks():
    assert tweet("!!! RT @anna: you &amp; me http://t.co/x @bob &#128514;") == "you & me"


def test_sentences_are_cut_at_their_ends():
    assert sentences(["The first one is here. The second one follows!\nA third, on its own line."]) == [
        "The first one is here.", "The second one follows!", "A third, on its own line."
    ]  # fmt: skip
