"""What ran, on what, with which versions."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from curate.report.finished_run import FinishedRun
from curate.report.section import Section


class Provenance(Section):
    """Parameters of all stages, input files, versions, digest of the output."""

    name = "provenance"

    def html(self, run: FinishedRun) -> Iterator[str]:
        manifest = run.manifest
        yield "<h2>What ran</h2><table>"
        for stage in manifest["stages"]:
            params = ", ".join(f"{name}={value!r}" for name, value in stage["params"].items())
            yield f"<tr><td>{escape(stage['label'])}<td><code>{escape(params)}</code></tr>"
        yield "</table><h2>From what</h2>"
        names = list(dict.fromkeys(split["name"] for split in manifest["inputs"]))
        yield f"<p>{len(names):,} input files: {', '.join(f'<code>{escape(name)}</code>' for name in names[:30])}{' and more' if len(names) > 30 else ''}</p>"
        packages = ", ".join(f"{name} {version}" for name, version in manifest["packages"].items())
        yield f"<p class=soft>curate {escape(manifest['curate'])}, Python {escape(manifest['python'])}; {escape(packages)}.<br>Output digest <code>{manifest['output_digest']}</code></p>"


PROVENANCE = Provenance()
