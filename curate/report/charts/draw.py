"""The process that draws charts: `python draw.py` reads Vega specifications from standard input, one a line, and writes
for each a line of JSON with the SVG or the error. It imports nothing of curate, so that it starts at once.
"""

import json
import sys

import vl_convert

NOTHING = '{"$schema": "https://vega.github.io/schema/vega/v6.json"}'
"""A chart that is drawn while no specification has come yet: the first one takes as long as forty others."""


def answer(line: str) -> dict[str, str]:
    """Return the SVG of a specification, or the error."""
    try:
        return {"svg": vl_convert.vega_to_svg(line, allowed_base_urls=[])}
    except ValueError as error:
        return {"error": str(error).strip().split("\n")[0]}


if __name__ == "__main__":
    answer(NOTHING)
    for line in sys.stdin:
        sys.stdout.write(json.dumps(answer(line)) + "\n")
        sys.stdout.flush()
