"""Every model of the public suite SDXorg/test-models, if there is a checkout of it.

``KRAPTE_SD_TEST_MODELS=PATH pytest tests/conformance``; with ``KRAPTE_SD_COMPILED=1`` all of them through
the compiled kernel, which takes minutes, else a sample.
"""

import os
from pathlib import Path

import pytest
from tests.conformance.suite import MUST, Case, Outcome, cases, compiled, run, table

ROOT = os.environ.get("KRAPTE_SD_TEST_MODELS")
pytestmark = pytest.mark.skipif(not ROOT, reason="KRAPTE_SD_TEST_MODELS does not name a checkout of SDXorg/test-models")
CASES = cases(Path(ROOT)) if ROOT else []

#: Needed models that are refused or have no output, and why.
NOT_RUN = {
    "get_constants": "the table it names is not in the suite",
    "get_data": "the table it names is not in the suite",
}


@pytest.fixture(scope="module")
def outcomes() -> dict[str, Outcome]:
    return {each.name: run(each) for each in CASES}


def test_the_suite_is_there() -> None:
    assert len(CASES) > 100
    assert {each.folder for each in CASES} >= MUST - {"comparisons", "eval_order", "logicals"}


@pytest.mark.parametrize("case", CASES, ids=lambda each: each.name)
def test_nothing_is_wrong(case: Case, outcomes: dict[str, Outcome]) -> None:
    outcome = outcomes[case.name]
    assert outcome.verdict in ("pass", "as PySD", "refused", "no output"), outcome.detail
    if outcome.verdict == "refused":
        assert ".mdl:" in outcome.detail
    if case.folder in MUST:
        expected = ("refused",) if case.folder in NOT_RUN else ("pass", "as PySD")
        assert outcome.verdict in expected, outcome.detail


def test_totals(outcomes: dict[str, Outcome]) -> None:
    print(table(list(outcomes.values())))
    good = [each for each in outcomes.values() if each.verdict in ("pass", "as PySD", "refused")]
    assert len(good) >= 135
    assert sum(each.verdict in ("pass", "as PySD") for each in good) >= 129


SAMPLE = {
    "tests/except_multiple/test_except_multiple", "tests/get_mixed_definitions/test_get_mixed_definitions",
    "tests/subscripted_delays/test_subscripted_delays", "tests/subscript_mapping_simple/test_subscript_mapping_simple",
    "tests/input_functions/test_inputs", "tests/active_initial_circular/test_active_initial_circular",
    "tests/subscripted_lookups/test_subscripted_lookups", "tests/trig/test_trig",
    "tests/control_vars/test_control_vars",
}  # fmt: skip


@pytest.mark.parametrize(
    "case",
    [each for each in CASES if each.name in SAMPLE or os.environ.get("KRAPTE_SD_COMPILED")],
    ids=lambda each: each.name,
)
def test_the_compiled_kernel_gives_the_same(case: Case, outcomes: dict[str, Outcome]) -> None:
    outcome = run(case, compiled)
    assert outcome.verdict == outcomes[case.name].verdict, outcome.detail
