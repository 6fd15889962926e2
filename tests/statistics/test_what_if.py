"""What-ifs from the record of judgements, against runs of the changed recipes."""

import json
import random
import shutil

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import curate
from curate.engine import rerun
from curate.errors import SpecError
from curate.report import finished_run
from curate.runs import RunFolder, layout
from curate.statistics import corpus, unfinished
from curate.statistics.what_if import changes, differing, outcome, values

WORDS = [
    "the",
    "be",
    "to",
    "and",
    "of",
    "that",
    "have",
    "with",
    "harbour",
    "lantern",
    "meadow",
    "quiet",
    "rivers",
    "wander",
    "###",
]


def _text(k: int) -> str:
    """A text whose measurements differ with k; one in seven occurs several times."""
    choose = random.Random(k % 40 if k % 7 == 0 else k)
    words = [choose.choice(WORDS) for _ in range(choose.randrange(1, 60))]
    length = choose.randrange(3, 14)
    lines = [" ".join(words[at : at + length]) for at in range(0, len(words), length)]
    return "\n".join(line + choose.choice(["", ".", "."]) for line in lines)


DOCUMENTS = [
    {"id": str(k), "text": _text(k), "language": ["en", "zh", "zh-Hant", "de", None][k % 5], "rank": k % 101}
    for k in range(400)
]

RULES = [
    {
        "filters.gopher.quality": {
            "min_words": 8,
            "min_stop_words": 1,
            "min_alpha_word_share": 0.8, "min_mean_word_length": None, "max_hashes_per_word": 0.3,
            "per": {"language": {"zh": {"min_words": 4, "min_stop_words": None}}},
        }
    },
    {"filters.fineweb.quality": {"max_duplicate_line_char_share": 0.5, "max_breaks_per_word": None, "max_short_line_share": None, "min_ended_line_share": 0.3}},
    {"quality.threshold": {"score": "words.mean_length", "min": 3.0}},
    "checkpoint",
    {"filters.gopher.repetition": {"max_top_2_gram_share": 0.3, **dict.fromkeys([f"max_duplicate_{n}_gram_share" for n in range(5, 11)]), "max_top_3_gram_share": None, "max_top_4_gram_share": None}},
    {"quality.threshold": {"score": "words.count", "max": 30}},
]  # fmt: skip
_ONLY_STOP_WORDS = {
    "min_words": None,
    "min_alpha_word_share": None,
    "min_mean_word_length": None,
    "max_hashes_per_word": None,
}
AFTER = [{"dedup.exact": {"by": "text"}}, {"quality.keep_top": {"share": 0.5, "by": ["words.mean_length"]}}]


class Made:
    """A run, and a folder in which changed recipes are run one after the other."""

    def __init__(self, folder, stages, inputs=None, **more):
        folder.mkdir(exist_ok=True)
        (folder / "in.jsonl").write_text("".join(json.dumps(each) + "\n" for each in DOCUMENTS))
        extra = {"rank": "int", "language": "string"}
        inputs = inputs or {"sources.jsonl": {"paths": "in.jsonl", "extra": extra}}
        recipe = {"name": "r", "inputs": inputs, "stages": stages, "allow_empty": True, **more}
        self.recipe = str(folder / "r.yaml")
        (folder / "r.yaml").write_text("# a comment that stays\n" + yaml.safe_dump(recipe, sort_keys=False))
        self.url = curate.run(self.recipe, output=str(folder / "run"), workers=1)
        self.aside = str(folder / "aside")
        shutil.copytree(self.url, self.aside)

    def corpus(self, url=""):
        found = finished_run.read(url or self.url)
        return corpus.of_finished(RunFolder(url or self.url), found.manifest, found.ledger)

    def compiled(self):
        return changes.compile(
            self.corpus(), finished_run.read(self.url).manifest["recipe"], rerun.recipe_path(self.url)
        )

    def told(self, *given):
        compiled = self.compiled()
        (counter,) = outcome.outcomes(compiled.corpus, [compiled.changed(given)])
        return outcome.described(compiled.corpus, counter)

    def run(self, *given):
        """Run the changed recipe and return how it differs."""
        curate.run(self.recipe, output=self.aside, settings=given, workers=1)
        return differing.compare(self.corpus(), self.corpus(self.aside))


@pytest.fixture(scope="module")
def rules(tmp_path_factory):
    return Made(tmp_path_factory.mktemp("rules"), RULES)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    return Made(tmp_path_factory.mktemp("whole"), [*RULES, *AFTER, {"text.measure": {"signals": ["tokens.estimate"]}}])


def _bound(name, low, high, *, null=True):
    numbers = st.integers(low, high) if isinstance(low, int) else st.floats(low, high).map(lambda x: round(x, 3))
    return (numbers | st.none() if null else numbers).map(lambda value: f"{name}={'null' if value is None else value}")


CHANGES = st.lists(
    st.one_of(
        _bound("filters.gopher.quality.min_words", 1, 30),
        _bound("filters.gopher.quality.max_words", 31, 200),
        _bound("filters.gopher.quality.min_stop_words", 0, 6),
        _bound("filters.gopher.quality.per.language.zh.min_words", 1, 30),
        _bound("filters.gopher.quality.min_alpha_word_share", 0.0, 1.0),
        _bound("filters.fineweb.quality.max_duplicate_line_char_share", 0.0, 1.0),
        _bound("filters.fineweb.quality.min_ended_line_share", 0.0, 1.0),
        _bound("filters.gopher.repetition.max_top_2_gram_share", 0.0, 1.0),
        _bound("filters.gopher.repetition.max_top_3_gram_share", 0.0, 1.0),
        _bound("quality.threshold#1.min", 2.0, 6.0),
        _bound("quality.threshold#2.max", 0, 40),
        st.just("filters.gopher.quality.per={language: {de: {min_words: 20}, en: {min_words: null}}}"),
        st.just("quality.threshold#1.when={language: [zh]}"),
        st.just("quality.threshold#1.missing=keep"),
        st.just("filters.gopher.quality.per=null"),
        st.just("quality.threshold#1.only=null"),
        st.just("quality.threshold#1.score=words.count"),
    ),
    min_size=1,
    max_size=3,
    unique_by=lambda setting: setting.partition("=")[0],
)


@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(given_changes=CHANGES)
def test_what_the_record_says_is_what_a_run_of_the_changed_recipe_gives(rules, given_changes):
    compiled = rules.compiled()
    change = compiled.changed(given_changes, may_be_none=True)
    true = rules.run(*given_changes)
    if change is None:
        assert not any(true[kind]["documents"] for kind in ("gained", "lost", "moved"))
        return
    (counter,) = outcome.outcomes(compiled.corpus, [change])
    told = outcome.described(compiled.corpus, counter)
    ledger = finished_run.read(rules.aside).ledger
    assert told["after"]["now"] == ledger.stage(told["after"]["stage"]).n_out
    assert told["lost"]["kept"] == true["lost"]["documents"]
    if told["now"]["is_exact"]:
        assert told["now"]["documents"] == true["now"]["documents"]
        assert told["freed"]["kept"] == true["gained"]["documents"]
    else:  # the second group measures what the first has not; how good the interval is, tests.bench.what_if says
        waiting = sum(each["documents"] for each in told["freed"]["waiting"])
        known = told["before"]["documents"] - told["lost"]["kept"] + told["freed"]["kept"]
        assert waiting and told["unknown"]
        assert known <= true["now"]["documents"] <= known + waiting
        assert known <= told["now"]["low"] <= told["now"]["high"] <= known + waiting


@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
@given(given_changes=CHANGES)
def test_up_to_the_first_global_stage_all_is_exact_and_then_an_interval_is_told(whole, given_changes):
    compiled = whole.compiled()
    change = compiled.changed(given_changes, may_be_none=True)
    if change is None:
        return
    (counter,) = outcome.outcomes(compiled.corpus, [change])
    told, true = outcome.described(compiled.corpus, counter), whole.run(*given_changes)
    ledger = finished_run.read(whole.aside).ledger
    assert told["after"]["now"] == ledger.stage(told["after"]["stage"]).n_out
    now = told["now"]
    assert now["low"] <= now["documents"] <= now["high"]
    if now["is_exact"]:
        assert now["documents"] == true["now"]["documents"]
    else:
        assert told["unknown"] and not told["after"]["is_all"]


def test_other_reasons_are_told_for_documents_that_stay_dropped(rules):
    told = rules.told("filters.gopher.quality.min_words=1")
    (joint,) = (each for each in told["joint"] if each["reason"] == "too_few_words")
    record = rules.corpus().record.read(["stage", "reason", "broken"]).to_pylist()
    dropped = [row for row in record if (row["stage"], row["reason"]) == ("filters.gopher.quality", "too_few_words")]
    assert joint["dropped"] == len(dropped) == joint["still"] + joint["passed"] + joint["for_others_in_all"]
    assert (
        joint["for_others"]
        and joint["still"]
        and 0 < joint["passed"] <= sum(len(row["broken"]) == 1 for row in dropped)
    )


def test_of_several_inputs_only_those_that_a_filter_sees_change(tmp_path):
    inputs = {
        "one": {"sources.jsonl": {"paths": "in.jsonl"}},
        "two": {"sources.jsonl": {"paths": "in.jsonl"}},
    }
    stages = [
        {"filters.gopher.quality": {"min_words": 8, "min_stop_words": 1, "only": ["one"]}},
        {"quality.threshold": {"score": "words.mean_length", "max": 5.0}},
    ]
    made = Made(tmp_path / "inputs", stages, inputs)
    setting = "filters.gopher.quality.min_words=20"
    told, true = made.told(setting), made.run(setting)
    assert told["now"]["is_exact"] and told["now"]["documents"] == true["now"]["documents"]
    assert 0 < told["lost"]["kept"] == true["lost"]["documents"]


def test_examples_have_their_texts_and_their_new_fate(whole):
    compiled = whole.compiled()
    (counter,) = outcome.outcomes(compiled.corpus, [compiled.changed(["quality.threshold#2.max=12"])])
    found = outcome.examples(compiled.corpus, counter, 3)
    assert len(found["lost"]) == 3
    by_id = {each["id"]: each["text"] for each in DOCUMENTS}
    for each in found["lost"]:
        assert each["text"] == by_id[each["id"].rpartition("/")[2]] or each["text"] in by_id.values()
        assert each["now"] == {"stage": "quality.threshold#2", "reason": "score_too_high"} and each["stage"] is None


# ---------------------------------------------------------------------- the true answer


def test_exact_runs_the_changed_recipe_and_leaves_nothing(whole, tmp_path):
    settings = ["filters.gopher.quality.min_words=3", "quality.keep_top.share=0.4"]
    with rerun.changed(whole.url, settings, flag="--what-if", workers=1) as made:
        folder = RunFolder(made)
        found = differing.compare(whole.corpus(), whole.corpus(made))
    assert not folder.fs.exists(folder.root)
    assert found == whole.run(*settings) and found["gained"]["documents"] and found["lost"]["documents"]
    with rerun.changed(whole.url, settings, flag="--what-if", output=str(tmp_path / "kept"), workers=1) as made:
        pass
    assert finished_run.is_finished(made)


def test_exact_replaces_nothing(rules, tmp_path):
    finished, notes, file = tmp_path / "finished", tmp_path / "notes", tmp_path / "file"
    curate.run(rules.recipe, output=str(finished), settings=["filters.gopher.quality.min_words=9"], workers=1)
    notes.mkdir()
    (notes / "mine.txt").write_text("mine")
    file.write_text("mine")
    link = tmp_path / "link"
    link.symlink_to(rules.url)
    for output, message in (
        (rules.url, "is the run that is asked about"), (link, "is the run that is asked about"), (f"{rules.url}/phases/x", "lies in"),
        (finished, "has a finished run"), (notes, "is not empty"), (file, "is a file"),
    ):  # fmt: skip
        before = {each: each.read_bytes() for each in tmp_path.rglob("*") if each.is_file()}
        with (
            pytest.raises(SpecError, match=message),
            rerun.changed(rules.url, ["filters.gopher.quality.min_words=3"], flag="--what-if", output=str(output), workers=1),
        ):  # fmt: skip
            pass
        assert {each: each.read_bytes() for each in tmp_path.rglob("*") if each.is_file()} == before
    assert finished_run.read(rules.url).manifest["recipe"]["stages"][0]["filters.gopher.quality"]["min_words"] == 8


# ---------------------------------------------------------------------- many values


def test_a_sweep_tells_what_each_value_alone_tells(rules):
    compiled = rules.compiled()
    param, listed = values.parse("filters.gopher.quality.min_words=2:12:2")
    assert listed == ["2", "4", "6", "8", "10", "12"]
    found = values.sweep(compiled, param, listed)
    kept = {each["value"]: each["kept"] for each in found}
    assert kept[8]["documents"] == rules.corpus().ledger.n_out and kept[8]["is_exact"]
    for value in (2, 12):
        assert kept[value] == rules.told(f"{param}={value}")["now"]
    assert [each["value"] for each in values.sweep(compiled, *values.parse(f"{param}=null,30"))] == [None, 30]


def test_the_value_that_keeps_a_share_is_found(rules):
    compiled = rules.compiled()
    found = values.for_share(compiled, "quality.threshold#1.min", 0.3)
    assert abs(found["kept"]["share"] - 0.3) <= 0.02
    assert found["kept"] == rules.told(f"quality.threshold#1.min={found['value']}")["now"]
    assert isinstance(values.for_share(compiled, "filters.gopher.quality.max_words", 0.2)["value"], int)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("filters.gopher.quality.min_words", "expected PARAM="),
        ("filters.gopher.quality.min_words=", "no value in it"),
        ("filters.gopher.quality.min_words=1:2", "three numbers"),
        ("filters.gopher.quality.min_words=a:b:c", "three numbers"),
        ("filters.gopher.quality.min_words=1:10:0", "no value lies between"),
        ("filters.gopher.quality.min_words=10:1:1", "no value lies between"),
        ("filters.gopher.quality.min_words=0:1:0.0001", "at most 1,000"),
        ("filters.gopher.quality.min_words=0:inf:1", "finite"),
    ],
)
def test_a_sweep_without_values_is_refused(text, message):
    with pytest.raises(SpecError, match=message):
        values.parse(text)


def test_a_sweep_counts_in_decimals():
    assert values.parse("s.p=0.1:0.5:0.1")[1] == ["0.1", "0.2", "0.3", "0.4", "0.5"]
    assert values.parse("s.p=10:-10:-10")[1] == ["10", "0", "-10"]


# ---------------------------------------------------------------------- what cannot be told


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("filters.gopher.qualty.min_words=3", 'no stage "filters.gopher.qualty".*Did you mean filters.gopher.quality'),
        ("filters.gopher.quality.min_word=3", 'no parameter "min_word".*Did you mean min_words'),
        ("filters.gopher.quality.min_words=many", "expected int of 0 or more, or null"),
        ("filters.gopher.quality.min_words", "expected path=value"),
        ("filters.gopher.quality.min_words=8", "nothing changes"),
        (
            "filters.gopher.quality.count_marks=true",
            "not in the record of the run.*right before filters.gopher.quality",
        ),
        ("quality.threshold.min=3", "may be 2 stages"),
        ("quality.threshold#1.score=rank", "`rank`, which is not in the record.*--exact"),
        ("dedup.exact.by=url", "no filter that compares columns.*--exact"),
        ("quality.keep_top.share=0.2", "no filter that compares columns.*--exact"),
        ("inputs.sources.jsonl.paths=other.jsonl", "changes its inputs.*--exact"),
        ("rejects=none", "nothing changes"),
    ],
)
def test_a_change_that_the_record_cannot_tell_is_refused(whole, setting, message):
    with pytest.raises(SpecError, match=f"(?s){message}"):
        whole.compiled().changed([setting])


def test_a_target_needs_a_parameter_that_sets_one_bound(whole):
    compiled = whole.compiled()
    with pytest.raises(SpecError, match="between 0 and 1"):
        values.for_share(compiled, "filters.gopher.quality.min_words", 40)
    with pytest.raises(SpecError, match="no filter that compares columns"):
        values.for_share(compiled, "quality.keep_top.share", 0.4)
    with pytest.raises(SpecError, match="Did you mean min_words"):
        values.for_share(compiled, "filters.gopher.quality.min_word", 0.4)


def test_a_run_without_a_record_and_one_that_has_not_finished_are_refused(tmp_path):
    made = Made(tmp_path / "run", RULES)
    shutil.rmtree(f"{made.url}/judgements")
    with pytest.raises(SpecError, match="judgements/ is gone"):
        made.told("filters.gopher.quality.min_words=3")
    RunFolder(made.url).remove(layout.MANIFEST)
    with pytest.raises(SpecError, match="did not finish"):
        finished_run.read(made.url)
    assert unfinished.read(RunFolder(made.url)).is_run


# ---------------------------------------------------------------------- signals that are measured again


def test_documents_that_wait_are_judged_by_the_last_value_of_a_signal(tmp_path):
    stages = [
        {"filters.gopher.quality": {**_ONLY_STOP_WORDS, "min_stop_words": 2}},
        "text.normalise",
        {"filters.gopher.quality": {**_ONLY_STOP_WORDS, "min_stop_words": 2, "min_words": 5}},
    ]
    made = Made(tmp_path / "again", stages)
    setting = "filters.gopher.quality#1.min_stop_words=0"
    told, true = made.told(setting), made.run(setting)
    assert sum(each["documents"] for each in told["freed"]["waiting"]) > 20  # nearly all of them die behind the change
    assert told["now"]["low"] <= true["now"]["documents"] <= told["now"]["high"]
    assert told["now"]["high"] - told["before"]["documents"] < 10
    both = [setting, "filters.gopher.quality#2.min_words=25"]  # what came through is counted as it would be now
    told, true = made.told(*both), made.run(*both)
    assert told["now"]["low"] <= true["now"]["documents"] <= told["now"]["high"] < told["before"]["documents"]
