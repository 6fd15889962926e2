"""Signals are measured by name, in one pass for each family, and have the values that their descriptions state."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from types import FrameType

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from curate import registry, signals
from curate.batch import Batch
from curate.errors import SpecError
from curate.signals import SIGNALS, measure
from tests.kernels.texts import texts


def batch_of(*values: str | None) -> Batch:
    return Batch.from_columns({"id": [str(i) for i in range(len(values))], "text": list(values)})


def one(name: str, text: str) -> float:
    return measure([name], batch_of(text))[name][0]


def test_importing_signals_does_not_load_numba():
    code = "import sys, curate.signals; print('numba' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "False\n"


def test_an_unknown_signal_is_refused_with_a_suggestion():
    with pytest.raises(SpecError, match=r'no signal "words.cuont".  Did you mean words.count?'):
        measure(["words.cuont"], batch_of("text"))


def test_the_result_has_the_names_asked_for_in_their_order_and_declared_types():
    names = list(reversed(SIGNALS))
    found = measure([*names, names[0]], batch_of("A word.", ""))
    assert list(found) == names
    for name, values in found.items():
        assert values.dtype == SIGNALS[name].dtype and values.shape == (2,), name


def test_nothing_is_measured_when_nothing_is_asked_for():
    assert measure([], batch_of("text")) == {}


def passes_over(text: str, names: list[str]) -> Counter[str]:
    """Return how often each function of `curate.signals` that runs a kernel was called to measure these signals."""
    calls: Counter[str] = Counter()

    def note(frame: FrameType, event: str, _: object) -> None:
        code = frame.f_code
        if event == "call" and code.co_filename == signals.__file__ and code.co_name.startswith("_measure_"):
            calls[code.co_name] += 1

    batch = batch_of(text)
    sys.setprofile(note)
    try:
        measure(names, batch)
    finally:
        sys.setprofile(None)
    return calls


def test_a_family_is_measured_in_one_pass_however_many_of_its_signals_are_asked_for():
    families = {signal.family for signal in SIGNALS.values()} - {"size"}  # the size needs no pass over the text
    alone = {
        family: passes_over("A word.", [name for name in SIGNALS if SIGNALS[name].family == family])
        for family in families
    }
    assert alone == {family: Counter([f"_measure_{family}"]) for family in families}
    everything = passes_over("A word.", list(SIGNALS))
    assert everything == Counter(f"_measure_{family}" for family in families - {"words"})  # counted with the repetition


def test_an_empty_text_and_a_missing_one_measure_zero_everywhere():
    for name, values in measure(SIGNALS, batch_of("", None)).items():
        assert values.tolist() == [0, 0], name


def test_an_empty_batch_has_no_values():
    assert all(len(values) == 0 for values in measure(SIGNALS, batch_of().slice(0, 0)).values())


@given(st.lists(texts, min_size=1, max_size=6), st.data())
def test_values_do_not_depend_on_how_documents_are_batched(values, data):
    cut = data.draw(st.integers(0, len(values)))
    batch = batch_of(*values)
    whole = measure(SIGNALS, batch)
    parts = [measure(SIGNALS, batch.slice(0, cut)), measure(SIGNALS, batch.slice(cut, len(batch) - cut))]
    for name in SIGNALS:
        np.testing.assert_array_equal(whole[name], np.concatenate([part[name] for part in parts]), err_msg=name)


@given(st.lists(texts, max_size=4))
def test_shares_lie_between_zero_and_one(values):
    shares = [name for name in SIGNALS if name.endswith(("_share", "_ratio"))]
    for name, found in measure(shares, batch_of(*values)).items():
        # The copies of a top n-gram may overlap ("a a a" holds "a a" twice), so only they can pass one.
        most = 4 if name.startswith("repetition.top") else 1
        assert ((found >= 0) & (found <= most)).all(), (name, found)


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("text.characters", "über\n", 5),
        ("text.letter_share", "ab 1!", 0.5),
        ("text.nonletter_share", "ab 1!", 3 / 5),
        ("text.nonletter_share", "हिन्दी", 0.0),
        ("tokens.estimate", "x" * 43 + "é", 10),
        ("words.type_token_ratio", "The end. The END!", 0.5),
        ("words.function_share", "Don't go; the harbour's closed.", 4 / 7),
        ("words.symbols_per_word", "#one two... three four", 0.5),
        ("text.letter_share", "हिन्दी", 1.0),
        ("text.control_share", "ab\x00\ufffd", 0.5),
        ("text.mojibake_share", "Ã©t", 2 / 3),
        ("text.separator_token_share", "a|b", 1 / 3),
        ("text.separator_share", "ab----", 4 / 6),
        ("text.separator_share", "ab...", 0.0),
        ("text.placeholders", "Lorem ipsum, LOREM IPSUM", 2),
        ("text.curly_brackets", "f() { g() }", 1),
        ("punctuation.share", "a, b", 1 / 3),
        ("punctuation.share", "สวัสดี ครับ", 1 / 10),
        ("punctuation.repeated_share", "no!!!", 2 / 3),
        ("words.count", "Don't stop, 中文", 5),
        ("words.mean_length", "ab abcd.", 3.0),
        ("words.mean_length", "中文字", np.nan),
        ("words.lettered_share", "ab 12 ,", 1 / 2),
        ("words.lettered_share", "Don't, 中文 3.5 B2!", 5 / 6),
        ("words.alpha_share", "ab 12 ,", 1 / 3),
        ("words.stop_words", "The end of the story, and of me.", 3),
        ("words.hashes_per_word", "#a", 0.5),
        ("words.ellipses_per_word", "ab... cd…", 0.5),
        ("words.breaks_per_word", "a\r\nb\u2028c", 2 / 3),
        ("words.unique_share", "a b a", 2 / 3),
        ("sentences.count", "Mr. J. Smith went. He was 3.5 m tall! 你好。他来了。", 4),
        ("sentences.count", "no end\nno end", 2),
        ("lines.count", "a\n\n \nb", 2),
        ("lines.mean_length", "abc\n  a  ", 2.0),
        ("lines.bullet_share", "- a\n• b\nc\nd", 0.5),
        ("lines.ellipsis_share", "a...\nb…\nc.\nd", 0.5),
        ("lines.ended_share", "a.\nb。\nc\n\"d.\"", 0.5),
        ("lines.short_share", "a" * 30 + "\n" + "a" * 31, 0.5),
        ("lines.duplicate_share", "ab\nc\nab ", 1 / 3),
        ("lines.duplicate_char_share", "ab\nc\nab", 2 / 5),
        ("paragraphs.count", "a\nb\n\nc", 2),
        ("paragraphs.duplicate_share", "a\nb\n \na\nb", 0.5),
        ("paragraphs.duplicate_char_share", "a\nb\n\na\nb", 0.5),
        ("repetition.top_2_gram_share", "a b a b", 6 / 7),
        ("repetition.top_2_gram_share", "a b c", 0.0),
        ("repetition.top_2_gram_share", "港口很静港口", 4 / 6),
        ("repetition.duplicate_5_gram_share", "a b c d e . a b c d e", 5 / 21),
    ],
)  # fmt: skip
def test_a_signal_has_the_value_that_its_description_states(name, text, value):
    assert one(name, text) == pytest.approx(value, nan_ok=True)


@pytest.mark.parametrize(
    "text", ["x" * 3_000_000, "a\n" * 1_000_000, "! " * 1_000_000, "中" * 1_000_000, "\ufffd" * 500_000]
)
def test_hostile_texts_are_measured_in_one_pass(text):
    found = measure(SIGNALS, batch_of(text))
    assert found["text.characters"][0] == len(text)


def test_a_small_text_after_a_giant_one_is_measured_as_if_alone():
    small = "A word, and a word, and a word, and a word again."
    found = measure(SIGNALS, batch_of("word . " * 100_000, small))
    alone = measure(SIGNALS, batch_of(small))
    assert all(found[name][1] == alone[name][0] for name in SIGNALS)


COMPILED_BY_MEASURING = r"""
import sys
import numpy as np
from curate import registry, signals
from curate.batch import Batch

if sys.argv[1] == "warm":
    signals.warm_up()
from numba.core.dispatcher import Dispatcher
import curate.kernels.characters

def compiled():
    modules = [module for name, module in list(sys.modules.items()) if name.startswith("curate.kernels")]
    kernels = {kernel for module in modules for kernel in vars(module).values() if isinstance(kernel, Dispatcher)}
    return {(kernel.__name__, signature) for kernel in kernels for signature in kernel.signatures}

before = compiled()
batch = Batch.from_columns({"id": ["a", "b", "c"], "text": ["Two words.", None, "中文 a\n\na"]})
for part in (batch, batch.slice(1, 2), batch.slice(0, 0), batch.take(np.array([True, False, True]))):
    signals.measure(signals.SIGNALS, part)
    for name in signals.SIGNALS:
        signals.measure([name], part)
print(len(compiled() - before), len(compiled()) > 5)
"""
"""Prints how many kernels were compiled, or loaded from the cache of numba, to measure all signals."""


@pytest.mark.parametrize(("state", "is_compiled_before"), [("warm", True), ("cold", False)])
def test_after_warming_up_measuring_compiles_nothing(state, is_compiled_before):
    command = [sys.executable, "-c", COMPILED_BY_MEASURING, state]
    n_compiled, has_kernels = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    assert has_kernels == "True" and (n_compiled == "0") == is_compiled_before


def test_the_help_of_the_stage_that_measures_names_every_signal():
    listed = " ".join(registry.find("text.measure").help["Args"].split()).partition("The signals: ")[2]
    assert listed.removesuffix(".").split(", ") == list(SIGNALS)
