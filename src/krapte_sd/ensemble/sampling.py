"""Which parameters are drawn, from which distribution, and what a member gets.

A member has one number for each parameter, its *deviation*: 0 is the value in the
table, 1 its upper and -1 its lower end. All values of a parameter move together, and
each half of the range is passed through by itself, so that half of the members lie
below the value in the table and half above it, even where the range is lopsided.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from krapte_sd.ensemble.sequence import quantiles
from krapte_sd.errors import ParameterError
from krapte_sd.parameters.codes import STATUSES
from krapte_sd.parameters.inputs import AOW_AGE, REFERENCE_AOW_AGE

if TYPE_CHECKING:
    from krapte_sd.parameters import ParameterSet

__all__ = ["NORMAL_SHARE", "Sampling", "between", "deviation", "read_sampling"]

Floats = NDArray[np.float64]

NORMAL_SHARE: Final = 0.67
"""Share of a normal distribution between `low` and `high`: the interval that CBS publishes with its forecasts."""

_DISTRIBUTIONS: Final = ("uniform", "triangular", "normal")


def deviation(quantile: ArrayLike, distribution: str) -> Floats:
    """Turn numbers between 0 and 1 into deviations.

    Parameters
    ----------
    quantile : array_like
        Numbers between 0 and 1.
    distribution : {"uniform", "triangular", "normal"}
        ``uniform``: evenly over each half of the range. ``triangular``: densest at the value in the
        table, nothing at the ends. ``normal``: `low` and `high` enclose 67%, so draws lie beyond them too.

    Returns
    -------
    numpy.ndarray of float64
        0 for 0.5; from -1 to 1, for ``normal`` without bounds.

    Examples
    --------
    >>> deviation([0.0, 0.25, 0.5, 0.75, 1.0], "uniform")
    array([-1. , -0.5,  0. ,  0.5,  1. ])
    >>> deviation([0.165, 0.5, 0.835], "normal").round(12) + 0.0
    array([-1.,  0.,  1.])
    """
    at = 2.0 * np.asarray(quantile, np.float64) - 1.0
    if distribution == "uniform":
        return at
    if distribution == "triangular":
        return np.asarray(np.sign(at) * (1.0 - np.sqrt(1.0 - np.abs(at))), np.float64)
    if distribution == "normal":
        from scipy.special import ndtri

        return np.asarray(ndtri((at + 1.0) / 2.0) / ndtri((1.0 + NORMAL_SHARE) / 2.0), np.float64)
    allowed = ", ".join(_DISTRIBUTIONS)
    raise ParameterError(f"the distribution '{distribution}' cannot be drawn from; allowed: {allowed}")


def between(low: ArrayLike, value: ArrayLike, high: ArrayLike, deviations: ArrayLike) -> Floats:
    """Give the values of members with some deviations.

    Parameters
    ----------
    low, value, high : array_like, shape (...)
        Range and value of a parameter.
    deviations : array_like, shape (members,)
        See `deviation`.

    Returns
    -------
    numpy.ndarray of float64, shape (members, ...)
        Exactly `value` for 0, `low` for -1 and `high` for 1; in a straight line between and beyond.
    """
    lowest, middle, highest = (np.asarray(each, np.float64) for each in (low, value, high))
    at = np.asarray(deviations, np.float64).reshape(-1, *(1,) * middle.ndim)
    part = np.abs(at)
    found = middle * (1.0 - part) + np.where(at > 0, highest, lowest) * part
    # Where an end equals the value, rounding may miss it by the last digit.
    inside = np.minimum(np.maximum(found, lowest), highest)
    return np.asarray(np.where(part <= 1.0, inside, found), np.float64)


@dataclass(frozen=True)
class Sampling:
    """What is drawn for the members of an ensemble.

    Attributes
    ----------
    seed : int
        The seed.
    distributions : dict of str to str
        The distribution of each parameter that is drawn, sorted by name.
    held : dict of str to str
        Parameters that have a range and are not drawn, with the reason.
    """

    seed: int
    distributions: Mapping[str, str]
    held: Mapping[str, str]

    def quantiles(self, first: int, count: int) -> Floats:
        """Give the numbers of some members, shape (count, parameters)."""
        columns = [quantiles(name, self.seed, first, count) for name in self.distributions]
        return np.stack(columns, axis=1) if columns else np.empty((count, 0))

    def deviations(self, name: str, first: int, count: int) -> Floats:
        """Give the deviations of some members for one parameter, shape (count,)."""
        return deviation(quantiles(name, self.seed, first, count), self.distributions[name])


def read_sampling(parameters: ParameterSet, inputs: Iterable[str], seed: int) -> Sampling:
    """Find out which parameters of a run are drawn.

    All that have a range and reach one of the inputs: those of the same name, the state pension age
    where an input follows it, and the strengths of measures whose levers are inputs. A parameter set
    by the scenario has no range and stays as it is set.

    Parameters
    ----------
    parameters : ParameterSet
        The tables.
    inputs : iterable of str
        Inputs of the model that the run needs.
    seed : int
        The seed.

    Raises
    ------
    ParameterError
        If a distribution cannot be drawn from, or no parameter has a range.
    """
    names = {name for name in inputs if name in parameters}
    if any(parameters[name].meta.follows_aow for name in names):
        names |= {AOW_AGE, REFERENCE_AOW_AGE}
    names |= {name for name in parameters if names.intersection(parameters[name].meta.moves)}
    distributions, held, problems = {}, {}, []
    for name in sorted(names):
        each = parameters[name]
        ranged = each.low != each.high
        if not ranged.any():
            continue
        named = [one for one in each.distribution if one not in ("", "constant")]
        if (each.status[ranged] == STATUSES.index("unknown")).any():
            held[name] = "no number exists; its range is for exploration only"
        elif each.meta.adds_to_one_over:
            held[name] = "shares that add up to one cannot move together"
        elif "constant" in each.distribution and not named:
            held[name] = "its distribution is constant"
        elif len(named) > 1 or (named and named[0] not in _DISTRIBUTIONS):
            problems.append(
                f"'{name}' has the distribution {' and '.join(named)}; members can be drawn from one of: "
                f"{', '.join(_DISTRIBUTIONS)}, or held by 'constant'"
            )
        else:
            distributions[name] = named[0] if named else "uniform"
    if not distributions and not problems:
        problems.append("no parameter of this run has a range; without one all members are the same")
    if problems:
        raise ParameterError.collect("members of an ensemble", problems)
    return Sampling(seed, distributions, held)
