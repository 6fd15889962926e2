"""Accuracy and speed of language detectors on short sentences and on paragraphs, in one run on one core.

    python -m tests.bench.language [--model lid.176.ftz]

Short: Tatoeba sentences (median 35 bytes, languages ISO 639-3). Long: XQuAD paragraphs (median 1 KB, 12 languages)
and Chinese Wikipedia paragraphs. Norwegian counts as right under any of its names, so does Chinese. Languages that
a detector has no name for count as wrong: it should have said that it does not know.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

from curate.batch import Batch
from curate.stages.language.detect import detect
from tests.bench.real_data import need_real_data

# ISO 639-3 -> what the detectors call it. The rest of Tatoeba's 113 languages neither of the two knows under a code of its own.
CODES = {
    "afr": "af", "amh": "am", "ara": "ar", "arz": "arz", "ast": "ast", "aze": "az", "bel": "be", "ben": "bn", "bos": "bs", "bre": "br",
    "bul": "bg", "cat": "ca", "cbk": "cbk", "ceb": "ceb", "ces": "cs", "cmn": "zh", "cym": "cy", "dan": "da", "deu": "de", "dsb": "dsb",
    "ell": "el", "eng": "en", "epo": "eo", "est": "et", "eus": "eu", "fao": "fo", "fin": "fi", "fra": "fr", "fry": "fy", "gla": "gd",
    "gle": "ga", "glg": "gl", "gsw": "als", "heb": "he", "hin": "hi", "hrv": "hr", "hsb": "hsb", "hun": "hu", "hye": "hy", "ido": "io",
    "ile": "ie", "ina": "ia", "ind": "id", "isl": "is", "ita": "it", "jav": "jv", "jpn": "ja", "kat": "ka", "kaz": "kk", "khm": "km",
    "kor": "ko", "kur": "ku", "lat": "la", "lit": "lt", "lvs": "lv", "mal": "ml", "mar": "mr", "mhr": "mhr", "mkd": "mk", "mon": "mn",
    "nds": "nds", "nld": "nl", "nno": "nn", "nob": "no", "oci": "oc", "pam": "pam", "pes": "fa", "pms": "pms", "pol": "pl", "por": "pt",
    "ron": "ro", "rus": "ru", "slk": "sk", "slv": "sl", "spa": "es", "sqi": "sq", "srp": "sr", "swe": "sv", "swh": "sw", "tam": "ta",
    "tat": "tt", "tel": "te", "tgl": "tl", "tha": "th", "tuk": "tk", "tur": "tr", "uig": "ug", "ukr": "uk", "urd": "ur", "uzb": "uz",
    "vie": "vi", "war": "war", "wuu": "wuu", "xho": "xh", "yid": "yi", "yue": "yue", "zsm": "ms",
}  # fmt: skip

GROUPS = {
    "English": "eng",
    "Chinese": "cmn",
    "Japanese, Korean": "jpn kor",
    "large European": "deu fra spa ita por nld pol rus ukr ces hun ron swe fin dan ell bul tur",
    "Arabic, Persian, Hebrew, Hindi": "ara pes heb hin",
    "Thai, Vietnamese, Indonesian": "tha vie ind",
    "close pairs (bs hr sr, nn no, ms, gl, sk sl, be, mk)": "bos hrv srp nno nob zsm glg slk slv bel mkd",
    "all others that have a code": "",
    "without a code": "?",
}


def main() -> None:
    """Print one table for short and one for long texts."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--model", help="a fastText lid.176 file to compare with")
    model = parser.parse_args().model
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    folder = need_real_data() / "langid"
    detectors = {"CLD2": detect()} | ({Path(model).name: detect(model=model)} if model else {})
    for detector in detectors.values():
        detector.setup()

    texts, spoken = _read(folder / "tatoeba.parquet")
    groups = _grouped(spoken)
    is_in = {name: np.array([language in members for language in spoken]) for name, members in groups.items()}
    _table("sentences", texts, [CODES.get(language, "?") for language in spoken], is_in, detectors)

    texts, spoken = _read(folder / "xquad.parquet", folder / "cmrc2018-dev.parquet")
    is_in = {language: np.array([s == language for s in spoken]) for language in sorted(set(spoken))}
    _table("paragraphs", texts, spoken, is_in, detectors)


def _read(*files: Path) -> tuple[list[str], list[str]]:
    rows = [row for file in files for row in pq.read_table(file, columns=["text", "metadata"]).to_pylist()]
    return [row["text"] for row in rows], [row["metadata"]["lang"] for row in rows]


def _grouped(spoken: Iterable[str]) -> dict[str, set[str]]:
    named = {name: set(members.split()) for name, members in GROUPS.items()}
    placed = set().union(*named.values())
    named["all others that have a code"] = {s for s in spoken if s in CODES and s not in placed}
    named["without a code"] = {s for s in spoken if s not in CODES}
    return named


def _table(
    what: str, texts: list[str], truth: list[str], is_in: dict[str, np.ndarray], detectors: dict[str, detect]
) -> None:
    answers = {name: _answers(detector, texts) for name, detector in detectors.items()}
    heads = " | ".join(f"{name} right | wrong | unknown" for name in detectors)
    print(f"\n| {what} | texts | {heads} |\n|---|---|{'---|' * 3 * len(detectors)}")
    everything = {"all": np.ones(len(texts), bool)} | is_in
    for group, rows in everything.items():
        cells = []
        for languages, _ in answers.values():
            right = np.array([_family(said) == _family(true) for said, true in zip(languages, truth, strict=True)])
            unknown = np.array([said == "un" for said in languages])
            cells += [f"{x[rows].mean():.3f}" for x in (right, ~right & ~unknown, unknown)]
        print(f"| {group} | {int(rows.sum())} | {' | '.join(cells)} |")
    n_bytes = sum(len(text.encode()) for text in texts)
    for name, (_, seconds) in answers.items():
        print(f"{name}: {len(texts) / seconds:,.0f} texts/s, {n_bytes / seconds / 1e6:.1f} MB/s")


def _answers(detector: detect, texts: list[str]) -> tuple[list[str], float]:
    batch = Batch.from_columns({"id": [str(i) for i in range(len(texts))], "text": texts})
    start = time.perf_counter()
    result = detector(batch)
    return result["language"].to_pylist(), time.perf_counter() - start


def _family(language: str) -> str:
    return {"nb": "no"}.get(language, language.split("-")[0])


if __name__ == "__main__":
    main()
