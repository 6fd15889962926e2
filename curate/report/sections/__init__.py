"""The table of report sections, in the order in which they are shown. One file a section.

A recipe's own modules can add one: an instance of `Section` in a public variable. It is shown after ours.
"""

from __future__ import annotations

from collections.abc import Iterable

from curate import extensions
from curate.report.section import Section
from curate.report.sections.counts import COUNTS
from curate.report.sections.distributions import DISTRIBUTIONS
from curate.report.sections.funnel_table import FUNNEL
from curate.report.sections.groups import GROUPS
from curate.report.sections.lists import LISTS
from curate.report.sections.metrics import Metrics
from curate.report.sections.near_duplicates import NEAR_DUPLICATES
from curate.report.sections.provenance import PROVENANCE
from curate.report.sections.published import PUBLISHED
from curate.report.sections.reasons import REASONS
from curate.report.sections.summary import SUMMARY

SECTIONS: tuple[Section, ...] = (
    SUMMARY, FUNNEL, REASONS, GROUPS, DISTRIBUTIONS, PUBLISHED, LISTS, NEAR_DUPLICATES, COUNTS, PROVENANCE,
)  # fmt: skip


def with_modules(modules: Iterable[str]) -> tuple[Section, ...]:
    """Return the table with the sections that the user's modules bring, and one for metrics that no section claims.

    Raises:
        SpecError: a module cannot be imported, or brings a section of a name that is taken.
    """
    found = list(extensions.table(Section, SECTIONS, modules).values())
    last = found.index(COUNTS)
    return (*found[:last], Metrics([*found]), *found[last:])
