"""Every stage that ships keeps the contract, and the contract notices when one does not."""

from __future__ import annotations

import pytest

from curate import registry
from tests.classifiers.models import tiny_linear
from tests.contract import check_stage


@pytest.fixture(scope="module")
def given(tmp_path_factory) -> dict[str, dict]:
    """Values for the parameters that have no default."""
    model = {"model": str(tiny_linear(tmp_path_factory.mktemp("models") / "tiny.npz")), "score": "my_score"}
    return {
        "quality.classifier": model,
        "safety.classifier": model,
        "quality.threshold": {"score": "words.count"},
    }


@pytest.mark.parametrize("name", registry.catalogue())
def test_every_stage_of_the_catalogue_keeps_the_contract(name, given):
    check_stage(name, params=given.get(name))


@pytest.mark.parametrize(
    ("name", "broken"),
    [
        ("not_shouty", "the docstring has no `Why:`"),
        ("undescribed", "`Args:` does not describe min_marks"),
        ("unexplained", "`Drops:` does not explain too_few_marks"),
        ("wrong_example", "was dropped as"),
        ("order_matters", "the result depends on how documents are batched"),
        ("changes_silently", "changed the text"),
        ("drops_all", "was dropped as seen_before"),
        ("drops_others", "also dropped others"),
    ],
)
def test_the_contract_notices_a_stage_that_breaks_it(name, broken):
    module = "tests.engine.careless_stages"
    with pytest.raises(AssertionError, match=broken):
        check_stage(f"{module}.{name}", (module,))
