"""A report section of a user's own: claims the metrics of a barrier of the user's own."""

from html import escape

from curate.report.section import Section


class Loudness(Section):
    """The loudest document."""

    name = "loudness"

    def claims(self, run):
        return {label for label in run.metrics if run.name_of(label) == "loudest.keep_loudest"}

    def html(self, run):
        for label in sorted(self.claims(run)):
            yield f"<h2>How loud</h2><p>{escape(str(run.metrics[label]['most_marks']))} marks at most</p>"

    def lines(self, run):
        for label in sorted(self.claims(run)):
            yield f"loudness: {run.metrics[label]['most_marks']} marks at most"


LOUDNESS = Loudness()
