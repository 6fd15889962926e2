"""What-ifs against real runs: random changes of heuristic rules, on real texts and real crawl files, and speed.

    python -m tests.bench.what_if [pass | again | exact | speed] [SEED]

pass    200 random changes of one to three rules, each really run: the survivors up to the last stage of which all is known
        must be equal; of those with an estimate, the true number must lie in the 95 % interval.
again   the same of 100 changes of a recipe that measures the same signals again behind `text.normalise`, with other bounds for
        some languages and inputs, on texts in many languages.
exact   50 random changes: `--exact` against another real run, document by document.
speed   the record of a run repeated to 10 million documents: one what-if, and a sweep of ten values.

SEED, 0 by default, gives other changes.
"""

from __future__ import annotations

import gzip
import json
import os
import random
import resource
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import yaml

import curate
from curate.engine import rerun
from curate.errors import SpecError
from curate.report import finished_run
from curate.runs import RunFolder, layout
from curate.statistics import corpus as corpora
from curate.statistics.corpus import Corpus
from curate.statistics.distribution import numbers
from curate.statistics.what_if import changes, differing, outcome, values
from curate.statistics.what_if.changes import Compiled
from tests.bench.heuristics import cut
from tests.bench.real_data import need_real_data

RULES = ["filters.gopher.repetition", "filters.gopher.quality", "filters.wanjuan.separators", "filters.wanjuan.characters", "filters.wanjuan.punctuation", "filters.fineweb.quality", "filters.c4.page"]  # fmt: skip
AFTER = [
    {"dedup.exact": {"by": "text"}},
    {"dedup.minhash": {"permutations": 64}},
    {"quality.classifier": {"model": "fluency", "score": "fluency_score"}},
    {"quality.threshold": {"score": "fluency_score", "min": 0.2}},
    {"quality.keep_top": {"share": 0.6, "by": ["fluency_score"]}},
]
AGAIN = [
    "language.detect",
    "checkpoint",
    {"filters.gopher.repetition": {"per": {"language": {"zh": {"max_top_2_gram_share": None, "max_duplicate_5_gram_share": 0.3}}}}},
    {"filters.gopher.quality": {"min_words": 50, "per": {"language": {"zh": {"min_stop_words": None, "min_words": 30}, "de": {"min_stop_words": None}}}}},
    {"filters.fineweb.quality": {"when": {"language": "en"}}},
    {"filters.gopher.quality": {"only": "wiki", "min_words": 80, "min_stop_words": None}},
    "filters.wanjuan.punctuation",
    "text.normalise",
    {"filters.gopher.quality": {"min_words": 60, "min_stop_words": 1, "per": {"language": {"zh": {"min_stop_words": None}}}}},
    {"filters.c4.page": {"min_sentences": 2}},
]  # fmt: skip
CASES = [
    "filters.gopher.quality#1.min_stop_words=0",
    "filters.fineweb.quality.when={language: [de, zh]}",
    "filters.fineweb.quality.when={language: zh-Hant}",
    "filters.gopher.quality#1.per={language: {zh: {min_words: 10}, en: {min_stop_words: 5}}}",
    "filters.gopher.quality#1.per={}",
    "filters.gopher.quality#2.when={language: [en, zh]}",
    "filters.gopher.quality#2.only=[reviews, odd]",
    "filters.gopher.quality#3.per={}",
    "filters.gopher.repetition.per={}",
]
"""Changes of `AGAIN` that are no number."""

N_PASS, N_AGAIN, N_EXACT, N_DOCUMENTS = 200, 100, 50, 10_000_000


def main() -> None:
    """Run the parts that were asked for, or all."""
    parts = {"pass": bench_pass, "again": bench_again, "exact": bench_exact, "speed": lambda _: bench_speed()}
    seeds = [int(argument) for argument in sys.argv[1:] if argument.isdecimal()]
    for name in [argument for argument in sys.argv[1:] if argument in parts] or parts:
        parts[name](*(seeds or [0])[:1])


# ---------------------------------------------------------------------- corpora


@dataclass
class Case:
    """A recipe that has run."""

    title: str
    recipe: str
    url: str

    def open(self) -> Corpus:
        return opened(self.url)


def opened(url: str) -> Corpus:
    """Return the documents of a finished run."""
    found = finished_run.read(url)
    return corpora.of_finished(RunFolder(url), found.manifest, found.ledger)


def cases(folder: Path) -> list[Case]:
    """Run the recipe on both corpora."""
    data = need_real_data()
    texts = folder / "texts.parquet"
    rows = list(_texts(data))
    pq.write_table(pa.table({"id": [f"t{k}" for k in range(len(rows))], "text": rows}), texts)
    on_texts = {"inputs": {"sources.parquet": {"paths": str(texts)}}, "stages": [*RULES, *AFTER]}
    warc = {"sources.warc": {"paths": str(data / "warc" / "**" / "*.warc.gz"), "shard_mib": 100000}}
    front = ["extract.html", {"language.detect": {"keep": ["en"]}}, "checkpoint"]
    on_warc = {"inputs": warc, "stages": [*front, *RULES, *AFTER]}
    return [_run(folder, *each) for each in (("texts", on_texts), ("crawl files", on_warc))]


def _texts(data: Path) -> Iterator[str]:
    """Yield real texts of several kinds; some of them twice, or nearly so."""
    for name, n in (("imdb-sample", 700), ("agnews-test", 300), ("enwiki", 400)):
        found = pq.read_table(data / "text" / f"{name}.parquet", columns=["text"]).column("text").to_pylist()
        yield from map(cut, found[:: max(1, len(found) // n)][:n])
    with gzip.open(data / "labels" / "quality-dclm-human.jsonl.gz", "rt", encoding="utf-8") as lines:
        yield from (json.loads(line)["text"] for line in lines)
    edited = pq.read_table(data / "neardup" / "wiki-edited.parquet", columns=["text"]).column("text").to_pylist()
    yield from edited[:: len(edited) // 400][:400]


def case_again(folder: Path) -> Case:
    """Run the recipe that measures twice."""
    data = need_real_data()
    inputs = {}
    for name, texts in (
        ("reviews", _sampled(data / "text" / "imdb-sample.parquet", 500)),
        ("wiki", list(_languages(data))),
        ("odd", list(_odd())),
    ):
        rows = {"id": [f"{name}{k}" for k in range(len(texts))], "text": texts}
        pq.write_table(pa.table(rows), folder / f"{name}.parquet")
        inputs[name] = {"sources.parquet": {"paths": str(folder / f"{name}.parquet")}}
    return _run(folder, "again", {"inputs": inputs, "stages": AGAIN})


def _sampled(path: Path, n: int) -> list[str]:
    found = pq.read_table(path, columns=["text"]).column("text").to_pylist()
    return found[:: max(1, len(found) // n)][:n]


def _languages(data: Path) -> Iterator[str]:
    for name, n in (("text/enwiki", 250), ("text/zhwiki", 300), ("langid/xquad", 300)):
        yield from _sampled(data / f"{name}.parquet", n)


def _odd() -> Iterator[str]:
    """Yield texts at the bounds: few different words, lists, marks."""
    choose = random.Random(5)
    words = ["the", "be", "to", "of", "and", "harbour", "quiet", "#", "...", "12", "vote", "- x"]
    for k in range(200):
        text = " ".join(choose.choice(words) for _ in range(k % 60 + 20))
        yield "\n".join("- " + part for part in text.split(" vote ")) if k % 3 == 0 else text


def _run(folder: Path, title: str, recipe: dict[str, Any]) -> Case:
    path = folder / f"{title.split()[0]}.yaml"
    path.write_text(yaml.safe_dump({"name": title.split()[0], "allow_empty": True, **recipe}))
    return Case(title, str(path), curate.run(str(path), output=str(folder / f"{title.split()[0]}-run"), workers=1))


# ---------------------------------------------------------------------- random changes


def parameters(compiled: Compiled) -> list[tuple[str, str, str]]:
    """Return (address, column, "int" or "float") of every parameter of a filter that sets one bound."""
    found = []
    for bound in (each for each in compiled.stages if each is not None and each.spec.name.startswith("filters.")):
        for name, value in bound.spec.all_params.items():
            if isinstance(value, bool) or not isinstance(value, (int, float)):
                continue
            address = f"{bound.spec.name}#{bound.ref.label.partition('#')[2] or 1}.{name}"
            change = compiled.changed([f"{address}={value + (7 if isinstance(value, int) else 0.017)}"])
            found.append((address, change.moved[0].column, type(value).__name__))
    return found


def random_changes(compiled: Compiled, n: int, seed: int, others: Sequence[str] = ()) -> Iterator[list[str]]:
    """Yield n random changes of one to three parameters: another bound among the values that there are, or none.

    Args:
        others: changes one of which is made, too, in a third of them; the bounds are then values of documents that the filter
            dropped, so that it drops fewer.
    """
    choose, known = random.Random(seed), parameters(compiled)
    of_column: dict[tuple[str, str], np.ndarray] = {}
    n_made = 0
    while n_made < n:
        settings = []
        for address, column, kind in choose.sample(known, choose.choice((1, 1, 1, 2, 3))):
            stage = address.rpartition(".")[0].removesuffix("#1") if others else ""
            if (column, stage) not in of_column:
                of_column[column, stage] = _values(compiled.corpus, column, stage)
            value = float(choose.choice(of_column[column, stage]))
            made = int(value) if kind == "int" else float(f"{value:.6g}")
            settings.append(f"{address}={'null' if choose.random() < 0.1 else made}")
        if others and choose.random() < 1 / 3:
            settings = [choose.choice(others), *settings[1:]]
        try:
            if compiled.changed(settings, may_be_none=True) is None:
                continue
        except SpecError:  # such as a least number above the greatest
            continue
        n_made += 1
        yield settings


def _values(corpus: Corpus, column: str, stage: str) -> np.ndarray:
    """Return the values of a column, of documents that a stage dropped if there are such."""
    rows = corpus.record.read([column, "stage"])
    found = numbers(rows[column].combine_chunks())
    dropped = found[[each == stage for each in rows["stage"].to_pylist()]]
    dropped = dropped[~np.isnan(dropped)]
    return np.sort(dropped if len(dropped) else found[~np.isnan(found)])


# ---------------------------------------------------------------------- pass


def bench_pass(seed: int) -> None:
    """Compare what-ifs with real runs of the changed recipes, all in one folder: phases before the change are kept."""
    with tempfile.TemporaryDirectory() as folder:
        _print_heading(N_PASS)
        for at, case in enumerate(cases(Path(folder))):
            _bench_case(case, Path(folder) / f"changed-{at}", seed + at, N_PASS // 2)


def bench_again(seed: int) -> None:
    """The same where signals are measured twice."""
    with tempfile.TemporaryDirectory() as folder:
        _print_heading(N_AGAIN)
        _bench_case(case_again(Path(folder)), Path(folder) / "changed", seed, N_AGAIN, CASES)


def _print_heading(n: int) -> None:
    print(f"\n{n} random changes, each really run\n")
    print("| corpus | documents | kept | changes | pass equal | all exact | of these equal | estimates | in the interval | median width |")  # fmt: skip
    print("|---|---|---|---|---|---|---|---|---|---|")


def _bench_case(case: Case, aside: Path, seed: int, n: int, others: Sequence[str] = ()) -> None:
    compiled = _compiled(case.url)
    shutil.copytree(case.url, aside)
    n_equal = n_exact = n_exact_equal = n_estimates = n_inside = 0
    widths, misses = [], []
    for settings in random_changes(compiled, n, seed, others):
        (counter,) = outcome.outcomes(compiled.corpus, [compiled.changed(settings)])
        found = outcome.described(compiled.corpus, counter)
        curate.run(case.recipe, output=str(aside), settings=settings, workers=1)
        ledger = finished_run.read(str(aside)).ledger
        true = ledger.n_out
        is_equal = found["after"]["now"] == ledger.stage(found["after"]["stage"]).n_out
        n_equal += is_equal
        if found["now"]["is_exact"]:
            n_exact += 1
            n_exact_equal += found["now"]["documents"] == true
        else:
            n_estimates += 1
            inside = found["now"]["low"] <= true <= found["now"]["high"]
            n_inside += inside
            widths.append((found["now"]["high"] - found["now"]["low"]) / max(1, true))
            if not inside:
                misses.append(
                    (settings, found["now"], true, found["before"]["documents"], found["freed"], found["lost"]["kept"])
                )
        if not is_equal:
            misses.append((settings, "pass", found["after"], ledger.stage(found["after"]["stage"]).n_out))
    width = f"{np.median(widths):.1%}" if widths else ""
    ledger = compiled.corpus.ledger
    print(f"| {case.title} | {ledger.n_born:,} | {ledger.n_out:,} | {n} | {n_equal} | {n_exact} | {n_exact_equal} | {n_estimates} | {n_inside} | {width} |", flush=True)  # fmt: skip
    for miss in misses:
        print("   not met:", *miss)


def _compiled(url: str) -> Compiled:
    return changes.compile(opened(url), finished_run.read(url).manifest["recipe"])


# ---------------------------------------------------------------------- exact


def bench_exact(seed: int) -> None:
    """Compare `--exact` with another real run of the changed recipe, document by document."""
    print(f"\n--exact, {N_EXACT} random changes against a real run\n")
    with tempfile.TemporaryDirectory() as folder:
        n_equal = 0
        for at, case in enumerate(cases(Path(folder))):
            aside = Path(folder) / f"exact-{at}"
            shutil.copytree(case.url, aside)
            for settings in random_changes(_compiled(case.url), N_EXACT // 2, 100 + seed + at):
                curate.run(case.recipe, output=str(aside), settings=settings, workers=1)
                wanted = differing.compare(case.open(), opened(str(aside)))
                with rerun.changed(case.url, settings, flag="--what-if", workers=1) as made:
                    found = differing.compare(case.open(), opened(made))
                    same = differing.compare(opened(str(aside)), opened(made))
                n_equal += found == wanted and not any(same[kind]["documents"] for kind in ("gained", "lost", "moved"))
        print(f"equal, document by document: {n_equal} of {N_EXACT}")


# ---------------------------------------------------------------------- speed


def bench_speed() -> None:
    """Repeat the record of a run to 10 million documents and time what-ifs, on at most two processors."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:2])
    pa.set_cpu_count(2)
    with tempfile.TemporaryDirectory() as folder:
        case = cases(Path(folder))[0]
        _repeat(RunFolder(case.url), N_DOCUMENTS)
        settings = ["filters.gopher.quality.min_words=30"]
        two = [*settings, "filters.fineweb.quality.min_ended_line_share=0.3", "filters.gopher.repetition.max_top_2_gram_share=0.1"]  # fmt: skip
        print(f"\n{N_DOCUMENTS:,} documents, two processors\n")
        for title, given in (("one rule", settings), ("three rules", two)):
            start = time.perf_counter()
            compiled = _compiled(case.url)
            (counter,) = outcome.outcomes(compiled.corpus, [compiled.changed(given)])
            outcome.described(compiled.corpus, counter)
            outcome.examples(compiled.corpus, counter, 3)
            print(f"what-if, {title}: {time.perf_counter() - start:.1f} s")
        start = time.perf_counter()
        compiled = _compiled(case.url)
        values.sweep(compiled, *values.parse("filters.gopher.quality.min_words=10:100:10"))
        print(f"sweep of ten values: {time.perf_counter() - start:.1f} s")
        start = time.perf_counter()
        values.for_share(compiled, "filters.gopher.quality.min_words", 0.3)
        print(f"target share: {time.perf_counter() - start:.1f} s")
        print(f"most memory: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1 << 20):.2f} GiB")


def _repeat(folder: RunFolder, n: int) -> None:
    """Write the rows of the first file of judgements over and over."""
    path = folder.path(layout.judgements_file(0))
    rows = pq.read_table(path)
    writer_of = pq.ParquetWriter(f"{path}.new", rows.schema, compression="zstd", compression_level=1, use_dictionary=["source", "stage", "reason", "broken.list.element"])  # fmt: skip
    block = pa.concat_tables([rows] * max(1, 32_768 * 8 // len(rows)))
    written = 0
    with writer_of as writer:
        while written < n:
            part = block.slice(0, n - written)
            writer.write_table(part, row_group_size=32_768)
            written += len(part)
    os.replace(f"{path}.new", path)
    manifest = folder.read_json(layout.MANIFEST)
    (output,) = (each for each in manifest["outputs"] if each["path"] == layout.judgements_file(0))
    output["digest"] = folder.digest(layout.judgements_file(0))
    Path(folder.path(layout.MANIFEST)).write_text(json.dumps(manifest))


if __name__ == "__main__":
    main()
