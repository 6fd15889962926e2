"""Write the ground truth about each capture: `truth.jsonl` for tests, the table in `README.md` for people."""

import json
from collections import Counter
from pathlib import Path

from crawl_site.page import Page
from crawl_site.texts import first_and_last_sentence

UNSPACED = ("zh", "ja")

README = """# The example crawl

{n_pages} pages of {n_hosts} invented sites, captured into {n_files} WARC files in two dumps, three months apart:

{files}

Every text was written for this project; nothing was copied. All hosts are under the reserved name `.example`. People,
places and products are invented. The licence is that of the project, Apache-2.0.

## How it was made

`python examples/make_crawl.py` builds the pages from the texts in `examples/crawl_site/`, serves them over HTTP on the
loopback interface, fetches them through a socket and writes the transferred bytes: a request, a response (or revisit)
and a metadata record for each page, and a warcinfo record for each file. So headers, chunking and compression are real.
Dates and record ids are fixed, so every run gives the same bytes; `--check` compares them with the files here. The
script needs `warcio` and `PyYAML`.

## What is in it

| kind | pages |
|---|---:|
{kinds}
| **all** | **{n_pages}** |

Languages of the pages that have one: {languages}.

{n_families} families of copies contain {n_in_families} pages. {n_both} URLs occur in both dumps, some
unchanged and some with a newer text.

* `print_version` has the main text of another page in another page layout. `exact_duplicate` has the same bytes as
  another page, at another URL or in the other dump. `near_duplicate` differs from another page in a paragraph, a few
  words, the posts that follow or (some pages of the older manual, which have `duplicate_of`) only in the page layout.
* `truncated_record` is the last record of the last file: its gzip member ends in the middle.
* Charsets are declared in the HTTP header, in the page, in both or nowhere. For some articles in Chinese and Spanish
  the declarations contradict each other, as on real sites; for `wrong_charset` pages the declaration is wrong.
* One `pdf` is served as `text/html`. The `empty` pages have a status of 200 and no bytes.

## truth.jsonl

One line per capture, in the order of the files: `file`, `url`, `kind`, `status`, and where it applies `language`,
`charset` (the one that decodes the bytes correctly), `n_words` (split at white space; not for Chinese and Japanese),
`n_characters`, `first` and `last` (sentences of the main text, before any damage), `family` (pages that are copies of
each other), `duplicate_of` (the page with the same main text).
"""


def write_truth(path: Path, planned: dict[str, list[tuple[int, Page]]]) -> None:
    """Write one JSON line for each capture."""
    families = Counter(page.family for pages in planned.values() for _, page in pages)
    lines = []
    for name, pages in planned.items():
        for _, page in pages:
            first, last = first_and_last_sentence(page.text)
            fields = {
                "file": f"{name}.warc.gz",
                "url": page.url,
                "kind": page.kind,
                "status": page.status,
                "language": page.language,
                "charset": page.charset,
                "n_words": len(page.text.split()) if page.language not in UNSPACED else 0,
                "n_characters": len(page.text),
                "first": first,
                "last": last,
                "family": page.family if families[page.family] > 1 else None,
                "duplicate_of": page.duplicate_of,
            }
            lines.append(json.dumps({key: value for key, value in fields.items() if value}, ensure_ascii=False))
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def write_readme(path: Path, planned: dict[str, list[tuple[int, Page]]]) -> None:
    """Write the README with counts from the plan and sizes from the files in the same folder."""
    pages = [page for held in planned.values() for _, page in held]
    kinds = Counter(page.kind for page in pages)
    by_count = sorted(kinds.items(), key=lambda item: (-item[1], item[0]))
    languages = Counter(page.language for page in pages if page.language)
    families = Counter(page.family for page in pages if page.family)
    urls = Counter(page.url for page in pages)
    rows = "\n".join(
        f"* `{name}.warc.gz`, {len(held)} pages, {(path.parent / f'{name}.warc.gz').stat().st_size // 1000} kB"
        for name, held in planned.items()
    )
    shared = [count for count in families.values() if count > 1]
    text = README.format(
        n_pages=len(pages),
        n_hosts=len({page.host for page in pages}),
        n_files=len(planned),
        files=rows,
        kinds="\n".join(f"| {kind} | {count} |" for kind, count in by_count),
        languages=", ".join(f"{code} {count}" for code, count in languages.most_common()),
        n_families=len(shared),
        n_in_families=sum(shared),
        n_both=sum(count > 1 for count in urls.values()),
    )
    path.write_text(text, encoding="utf-8")
