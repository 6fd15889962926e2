"""A report section of a user's own: claims the metrics of a barrier of the user's own."""

from curate.report.section import Section


class Loudness(Section):
    """The loudest document."""

    name = "loudness"
    template = "loudness_section.html"

    def claims(self, run):
        return {label for label in run.metrics if run.name_of(label) == "loudest.keep_loudest"}

    def numbers(self, run):
        marks = [run.metrics[label]["most_marks"] for label in sorted(self.claims(run))]
        return {"marks": marks} if marks else None

    def lines(self, run):
        for label in sorted(self.claims(run)):
            yield f"loudness: {run.metrics[label]['most_marks']} marks at most"


LOUDNESS = Loudness()
