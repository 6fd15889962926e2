"""What lists removed is in the report and in `curate stats`."""

from __future__ import annotations

import json

import pyarrow.parquet as pq
from typer.testing import CliRunner

from curate.cli import app
from curate.engine.run import run
from tests.report.seen import Seen


def test_the_report_shows_the_share_of_each_list_with_examples(write_recipe, write_jsonl, tmp_path):
    (tmp_path / "red.txt").write_text("a.example\n")
    (tmp_path / "blue.txt").write_text("b.example\nc.a.example\n")
    (tmp_path / "any.txt").write_text("hot <dog>\n")
    texts = ["A hot <dog>, a hot <dog>, a hot <dog>.", "A quiet day at the harbour."]
    urls = ["http://a.example/1", "http://c.a.example/", "http://b.example/x", "http://d.example", "http://e.example"]
    write_jsonl("a.jsonl", [{"text": texts[i == 4], "url": url} for i, url in enumerate(urls)])
    lists = {name: str(tmp_path / f"{name}.txt") for name in ("red", "blue")}
    recipe = write_recipe(
        [{"safety.domains": {"lists": lists}}, {"safety.words": {"lists": {"any": str(tmp_path / "any.txt")}}}]
    )
    folder = run(recipe, output=str(tmp_path / "run"), workers=2)
    page = (tmp_path / "run" / "report.html").read_text()
    section = Seen(page.partition("<h2>What lists removed</h2>")[2].partition("<h2>")[0]).text
    assert "red safety.domains 2 (40.00%)" in section and "blue safety.domains 2 (40.00%)" in section
    assert "http://b.example/x b.example" in section and "a.example" in section
    assert "any safety.words 1 (50.00%)" in section and "hot <dog> ×3" in section
    seen = Seen(page).text
    assert "b.example · in blue" in seen and "a.example · in red, blue" in seen
    printed = CliRunner().invoke(app, ["stats", folder]).stdout
    assert "what lists removed" in printed
    assert "safety.domains  blue            2   40.00%" in printed
    stages = json.loads(CliRunner().invoke(app, ["stats", folder, "--json"]).stdout)["stages"]
    assert {stage["name"]: stage["listed"] for stage in stages}["safety.domains"] == {"blue": 2, "red": 2}
    rejects = pq.read_table(tmp_path / "run" / "rejects", columns=["stage", "evidence", "lists"]).to_pylist()
    assert {"stage": "safety.domains", "evidence": "a.example", "lists": ["red"]} in rejects
