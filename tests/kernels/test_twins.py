"""On random Unicode, every kernel that measures text gives the results of its slow twin in plain Python."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from curate.kernels import c4_lines, composition, hard_wraps, lines, repetition, template_markers, vocabulary, words
from curate.kernels.characters import classes, lower
from tests.kernels.texts import buffers, texts, wrapped_texts
from tests.reference import c4_lines as slow_c4_lines
from tests.reference import composition as slow_composition
from tests.reference import hard_wraps as slow_hard_wraps
from tests.reference import lines as slow_lines
from tests.reference import repetition as slow_repetition
from tests.reference import template_markers as slow_template_markers
from tests.reference import vocabulary as slow_vocabulary
from tests.reference import words as slow_words

batches = st.lists(texts, max_size=4)
many = settings(max_examples=300, deadline=None)


@many
@given(batches)
def test_words_marks_and_sentences_are_those_of_the_slow_twin(values):
    counts = words.count_words(*buffers(values), classes())
    assert counts.tolist() == [slow_words.count_words(value) for value in values]


@many
@given(batches)
def test_repeated_phrases_are_those_of_the_slow_twin(values):
    counts, repeated = repetition.count_repetition(*buffers(values), classes())
    assert counts.tolist() == [slow_words.count_words(value) for value in values]
    assert repeated.tolist() == [slow_repetition.count_repetition(value) for value in values]


@many
@given(st.lists(st.sampled_from(["a", "b", "c", "."]), max_size=120))
def test_repeated_phrases_of_few_words_are_those_of_the_slow_twin(pieces):
    value = " ".join(pieces)
    _, repeated = repetition.count_repetition(*buffers([value]), classes())
    assert repeated.tolist() == [slow_repetition.count_repetition(value)]


@many
@given(batches)
def test_different_words_and_function_words_are_those_of_the_slow_twin(values):
    counts = vocabulary.count_vocabulary(*buffers(values), classes(), lower(), vocabulary.function_words())
    assert counts.tolist() == [slow_vocabulary.count_vocabulary(value) for value in values]


def test_words_of_a_text_longer_than_the_scratch_are_counted_and_a_short_one_after_it():
    values = [" ".join(f"w{k % 6000}" for k in range(9000)) + " and so on", "so", ""]
    counts = vocabulary.count_vocabulary(*buffers(values), classes(), lower(), vocabulary.function_words())
    assert counts.tolist() == [slow_vocabulary.count_vocabulary(value) for value in values]


@many
@given(batches)
def test_lines_and_paragraphs_are_those_of_the_slow_twin(values):
    counts = lines.count_lines(*buffers(values), classes())
    assert counts.tolist() == [slow_lines.count_lines(value) for value in values]


@many
@given(batches)
def test_kinds_of_characters_are_those_of_the_slow_twin(values):
    counts = composition.count_composition(*buffers(values), classes())
    assert counts.tolist() == [slow_composition.count_composition(value) for value in values]


@many
@given(batches)
def test_template_markers_are_those_of_the_slow_twin(values):
    counts = template_markers.count_template_markers(*buffers(values))
    assert counts.tolist() == [slow_template_markers.count_template_markers(value) for value in values]


@many
@given(batches, st.integers(0, 15), st.integers(0, 4), st.sampled_from([-1, 5, 1000]))
def test_dropped_lines_are_those_of_the_slow_twin(values, rules, min_words, max_word_length):
    offsets, data, outcomes = c4_lines.drop_lines(*buffers(values), classes(), rules, min_words, max_word_length)
    slow = [slow_c4_lines.drop_lines(value, rules, min_words, max_word_length) for value in values]
    new = data.tobytes()
    assert [new[a:b].decode() for a, b in pairwise(offsets)] == [text for text, _ in slow]
    every = [outcome for _, outcomes_of_text in slow for outcome in outcomes_of_text]
    assert outcomes.tolist() == [every.count(outcome) for outcome in range(c4_lines.N_OUTCOMES)]


@many
@given(st.lists(st.one_of(texts, wrapped_texts()), max_size=4))
def test_joined_lines_are_those_of_the_slow_twin(values):
    offsets, data, joined = hard_wraps.join_wraps(*buffers(values), classes())
    slow = [slow_hard_wraps.join_wraps(value) for value in values]
    assert joined.tolist() == [n for _, n in slow]
    new = data.tobytes() if joined.any() else "".join(values).encode()
    assert [new[a:b].decode() for a, b in pairwise(offsets)] == [text for text, _ in slow]


def test_wraps_of_a_text_of_more_lines_than_the_scratch_are_joined_and_a_short_text_after_it():
    long = "\n".join(["a line of so many words that it is as long as it can be", "and so on"] * 300)
    values = ["short", "\n".join(["the boats came back that evening and nobody on the quay"] * 700), long, ""]
    offsets, data, joined = hard_wraps.join_wraps(*buffers(values), classes())
    slow = [slow_hard_wraps.join_wraps(value) for value in values]
    assert joined.tolist() == [n for _, n in slow] and joined[1] == 699
    assert [data.tobytes()[a:b].decode() for a, b in pairwise(offsets)] == [text for text, _ in slow]
