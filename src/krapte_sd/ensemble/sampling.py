"""Which parameters are drawn, from which distribution, and what a member gets.

The places of the members come from the scrambled Halton sequence of `scipy.stats.qmc`
(Owen 2017), one dimension for each parameter of the tables, drawn or not, in
alphabetical order. So a member does not depend on how many members there are, nor on
which parameters a scenario sets, and two scenarios with one seed can be compared member
by member. Halton and not Sobol: with 80 parameters the worst pair of 100 members has a
correlation of 0.4 (0.9 with Sobol, 0.4 with random numbers), and the mean of 1,000
members misses the middle by 0.001 (0.007 with random numbers).

A member has one number for each parameter, its *deviation*: 0 is the value in the
table, 1 its upper and -1 its lower end. All values of a parameter move together, and
each half of the range is passed through by itself, so that half of the members lie
below the value in the table and half above it, even where the range is lopsided.

Where the metadata name a `correlation`, the values have one deviation each, with that
correlation between any two of them: one dimension of the sequence is what they share,
and each has one of its own, behind those of the parameters.

References
----------
A. B. Owen (2017), A randomized Halton algorithm in R, arXiv:1706.02808.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from krapte_sd.errors import ParameterError
from krapte_sd.parameters.codes import STATUSES
from krapte_sd.parameters.inputs import AOW_AGE, REFERENCE_AOW_AGE

if TYPE_CHECKING:
    from krapte_sd.parameters import ParameterSet

__all__ = ["NORMAL_SHARE", "Apart", "Sampling", "between", "check_members", "check_seed", "deviation", "read_sampling"]

Floats = NDArray[np.float64]

NORMAL_SHARE: Final = 0.67
"""Share of a normal distribution between `low` and `high`: the interval that CBS publishes with its forecasts."""

MOST_MEMBERS: Final = 1_000_000

_PIECE: Final = 8192
"""The sequence is wound forward in pieces of so many members: scipy draws what it skips."""

_DISTRIBUTIONS: Final = ("uniform", "triangular", "normal")


def check_members(members: Any) -> str:
    """Say what is wrong with a number of members, which is a whole number from 1 on; nothing if it is right."""
    whole = isinstance(members, int | np.integer) and not isinstance(members, bool)
    good = whole and 1 <= members <= MOST_MEMBERS
    return "" if good else f"members={members!r}: give a whole number from 1 to {MOST_MEMBERS}, such as 1000"


def check_seed(seed: Any) -> str:
    """Say what is wrong with a seed, which is a whole number from 0 on; nothing if it is right."""
    whole = isinstance(seed, int | np.integer) and not isinstance(seed, bool)
    good = whole and 0 <= seed < 2**64
    return "" if good else f"seed={seed!r}: give a whole number from 0 to 2**64 - 1, such as 7"


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
    deviations : array_like, shape (members,) or (members, ...)
        See `deviation`; one for all values of a member, or one for each.

    Returns
    -------
    numpy.ndarray of float64, shape (members, ...)
        Exactly `value` for 0, `low` for -1 and `high` for 1; in a straight line between and beyond.
    """
    lowest, middle, highest = (np.asarray(each, np.float64) for each in (low, value, high))
    at = np.asarray(deviations, np.float64)
    if at.ndim == 1:
        at = at.reshape(-1, *(1,) * middle.ndim)
    part = np.abs(at)
    found = middle * (1.0 - part) + np.where(at > 0, highest, lowest) * part
    # Where an end equals the value, rounding may miss it by the last digit.
    inside = np.minimum(np.maximum(found, lowest), highest)
    return np.asarray(np.where(part <= 1.0, inside, found), np.float64)


class Apart(NamedTuple):
    """Values of a parameter that are drawn one by one: their names, and the correlation of any two."""

    values: tuple[str, ...]
    correlation: float


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
    names : tuple of str
        All parameters of the tables, sorted, and the values that are drawn one by one: the dimensions of the sequence.
    apart : dict of str to Apart
        Parameters among those drawn whose values are drawn one by one.
    """

    seed: int
    distributions: Mapping[str, str]
    held: Mapping[str, str]
    names: tuple[str, ...]
    apart: Mapping[str, Apart] = field(default_factory=dict)

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the places of a member: the parameters that are drawn, then the values that are drawn one by one."""
        return (*self.distributions, *(each for one in self.apart.values() for each in one.values))

    def quantiles(self, first: int, count: int) -> Floats:
        """Give the places of some members, from 0 up to 1, shape (count, columns)."""
        from scipy.stats import qmc

        if not self.distributions:
            return np.empty((count, 0))
        columns = [self.names.index(name) for name in self.columns]
        sequence = qmc.Halton(len(self.names), scramble=True, rng=np.random.default_rng(self.seed))
        for begin in range(0, first, _PIECE):
            sequence.fast_forward(min(_PIECE, first - begin))
        places = sequence.random(count)[:, columns]
        # The last bits of scipy's sums may depend on the processor; these do not.
        return np.asarray(np.floor(places * 2.0**40) / 2.0**40, np.float64)

    def deviations(self, first: int, count: int, *, behind_central: bool = False) -> dict[str, Floats]:
        """Give the deviations of some members for each parameter that is drawn.

        Parameters
        ----------
        first, count : int
            First member, and number of members.
        behind_central : bool
            Put a member at the values in the tables in front of them.

        Returns
        -------
        dict of str to numpy.ndarray
            Shape (count,), or (count, values) for values that are drawn one by one.
        """
        place = dict(zip(self.columns, self.quantiles(first, count).T, strict=True))
        found = {name: deviation(place[name], how) for name, how in self.distributions.items()}
        for name, each in self.apart.items():
            own = np.stack([deviation(place[one], self.distributions[name]) for one in each.values], axis=1)
            share = each.correlation
            found[name] = np.sqrt(share) * found[name][:, None] + np.sqrt(1.0 - share) * own
        if behind_central:
            found = {name: np.concatenate([np.zeros_like(each[:1]), each]) for name, each in found.items()}
        return found


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
    apart: dict[str, Apart] = {}
    single: list[str] = []
    for name in sorted(parameters):
        if (wanted := parameters[name].meta.correlation) is not None:
            values = tuple(f"{name}[{label}]" for label in parameters[name].along(wanted.over))
            apart[name] = Apart(values, _correlation(parameters, name, wanted.by))
            single += values
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
        elif name in apart and named != ["normal"]:
            problems.append(f"'{name}' is drawn value by value with a correlation, for which it must be normal")
        else:
            distributions[name] = named[0] if named else "uniform"
    if not distributions and not problems:
        problems.append("no parameter of this run has a range; without one all members are the same")
    if problems:
        raise ParameterError.collect("members of an ensemble", problems)
    drawn = {name: each for name, each in apart.items() if name in distributions}
    return Sampling(seed, distributions, held, (*sorted(parameters), *single), drawn)


def _correlation(parameters: ParameterSet, name: str, by: str) -> float:
    known = by in parameters and not parameters[by].meta.dimensions
    value = float(parameters[by].value) if known else np.nan
    if not 0.0 <= value <= 1.0:
        raise ParameterError(
            f"'{name}' is drawn value by value with the correlation '{by}', which is "
            f"{f'{value:g}' if known else 'no number in the tables'}; remedy: give a number from 0 to 1"
        )
    return value
