"""fastText models score as the library does, and damaged files are refused before the library sees them."""

from __future__ import annotations

import struct
import subprocess
import sys

import fasttext
import numpy as np
import pytest

from curate.classifiers import fasttext_file, open_model
from curate.errors import InputError
from tests.classifiers.models import BAD, GOOD

TEXTS = [
    " ".join(GOOD),
    " ".join(BAD),
    "boats\nnear\tthe harbour",
    "中文 and é",
    "unknown words only",
    "a\x00b",
    "x" * 5000,
]


@pytest.mark.parametrize("file", ["fasttext_file", "quantised_file"])
def test_scores_are_those_of_the_library(file, request):
    path = str(request.getfixturevalue(file))
    bare = fasttext.load_model(path)
    expected = []
    for text in TEXTS:
        answers = bare.f.predict(text.replace("\n", " ") + "\n", 2, 0.0, "strict")
        expected.append(next(p for p, label in answers if label == "__label__bad"))
    found = open_model(path).scores(TEXTS)
    np.testing.assert_allclose(found, np.minimum(expected, 1), rtol=1e-6)
    assert found[0] < 0.5 < found[1]


def test_blank_texts_have_no_score(fasttext_file):
    assert np.isnan(open_model(str(fasttext_file)).scores(["", "  \n\t", None])).all()
    assert len(open_model(str(fasttext_file)).scores([])) == 0


@pytest.mark.parametrize("file", ["fasttext_file", "quantised_file"])
def test_a_file_cut_off_anywhere_is_refused(file, request, tmp_path):
    whole = request.getfixturevalue(file).read_bytes()
    path = tmp_path / "cut.bin"
    for cut in sorted({4, 8, 40, 64, 80, 100, 300, 500, *range(1000, len(whole), len(whole) // 60), len(whole) - 1}):
        path.write_bytes(whole[:cut])
        with pytest.raises(InputError, match="not a valid fastText model"):
            fasttext_file.check(path)
    path.write_bytes(whole + b"x")
    with pytest.raises(InputError, match="1 bytes follow its end"):
        fasttext_file.check(path)


@pytest.mark.parametrize("file", ["fasttext_file", "quantised_file"])
def test_no_changed_number_ends_the_process(file, request, tmp_path):
    """A file that passes the check is loaded by the library in a child, which must come back."""
    whole = bytearray(request.getfixturevalue(file).read_bytes())
    paths = []
    for at in range(0, 260, 4):
        broken = bytearray(whole)
        broken[at : at + 4] = b"\xff\xff\xff\x7f"
        path = tmp_path / f"{at}.bin"
        path.write_bytes(broken)
        try:
            fasttext_file.check(path)
        except InputError:
            continue
        paths.append(str(path))
    assert 0 < len(paths) < 65, "some numbers are checked, and some are not"
    code = """
import sys
from curate.classifiers import open_model
from curate.errors import CurateError
for path in sys.argv[1:]:
    try:
        open_model(path, None).scores(["the harbour", "buy pills now"])
    except CurateError:
        pass
"""
    done = subprocess.run([sys.executable, "-c", code, *paths], capture_output=True, text=True)
    assert done.returncode == 0, (done.returncode, done.stderr[-500:])
    assert len(paths) < 60  # most are refused


WORD_N_GRAMS, BUCKET, FIRST_ENTRY = 28, 40, 92
"""Where they stand in a file."""


@pytest.mark.parametrize("count", [-1, 2 * 10**15, 1 << 62])
def test_a_count_that_ends_the_library_is_refused(request, tmp_path, count):
    broken = bytearray(request.getfixturevalue("fasttext_file").read_bytes())
    struct.pack_into("<q", broken, broken.index(0, FIRST_ENTRY) + 1, count)
    (tmp_path / "broken.bin").write_bytes(broken)
    with pytest.raises(InputError, match=r"broken\.bin is not a valid fastText model: its dictionary counts an entry"):
        fasttext_file.check(tmp_path / "broken.bin")


def test_n_grams_without_buckets_are_refused(request, tmp_path):
    broken = bytearray(request.getfixturevalue("fasttext_file").read_bytes())
    struct.pack_into("<i", broken, WORD_N_GRAMS, 2)
    struct.pack_into("<i", broken, BUCKET, 0)
    (tmp_path / "broken.bin").write_bytes(broken)
    with pytest.raises(InputError, match="n-grams, but no buckets"):
        fasttext_file.check(tmp_path / "broken.bin")


def test_word_vectors_are_no_classifier(fasttext_file, tmp_path):
    content = bytearray(fasttext_file.read_bytes())
    content[8 + 4 * 7] = 2  # the eighth argument: skip-gram
    (tmp_path / "vectors.bin").write_bytes(content)
    with pytest.raises(InputError, match="word vectors, not a classifier"):
        open_model(str(tmp_path / "vectors.bin"))


def test_a_nan_in_the_matrix_is_no_score(fasttext_file, tmp_path):
    content = bytearray(fasttext_file.read_bytes())
    content[-4 * 8 :] = np.full(8, np.nan, np.float32).tobytes()  # the last row of the output matrix
    path = tmp_path / "nan.bin"
    path.write_bytes(content)
    assert np.isnan(open_model(str(path)).scores([" ".join(GOOD)])).all()
