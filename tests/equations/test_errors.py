"""The error classes."""

import pickle

import pytest

from krapte_sd import errors


@pytest.mark.parametrize(
    ("kind", "builtin"),
    [
        (errors.ModelError, ValueError),
        (errors.ParameterError, ValueError),
        (errors.ScenarioError, ValueError),
        (errors.UnitError, ValueError),
        (errors.BalanceError, ValueError),
        (errors.SolverError, ArithmeticError),
        (errors.FileError, OSError),
    ],
)
def test_each_is_also_the_built_in_one(kind: type[errors.KrapteError], builtin: type[Exception]) -> None:
    error = kind.collect("input", ["first", "second\nwith more"])
    assert isinstance(error, builtin)
    assert str(error) == "input: 2 problems\n  first\n  second\n  with more"
    again = pickle.loads(pickle.dumps(error))
    assert (type(again), str(again), again.problems) == (kind, str(error), ("first", "second\nwith more"))
    assert kind("alone").problems == ("alone",)


def test_collect_needs_a_problem() -> None:
    with pytest.raises(ValueError, match="at least one problem"):
        errors.ModelError.collect("input", [])


def test_nearest() -> None:
    assert errors.nearest("Vacancy", ["vacancies", "employed"]) == "; did you mean 'vacancies'?"
    assert errors.nearest("zzz", ["vacancies"]) == ""
    assert errors.nearest("ab", ["abc", "abd"], 2) == "; did you mean 'abd' or 'abc'?"
