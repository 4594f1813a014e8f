"""Counterfactual populations: another total, or the age structure of the start, with all rules of the model at work.

A forecast has one population. To see what ageing does, one needs a population that grows as forecast and keeps its age
structure. Here such a population is made by people added to (or taken from) each cohort in proportion to its employed,
unemployed and inactive, which is what deaths do in the model, so the death rates of the run carry the change. Nothing
else differs: people still turn a year older each year, enter, move and retire at the rates of their age.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from krapte_sd.kernel import Series

__all__ = ["People", "held", "target"]

Floats = NDArray[np.float64]
CARRIER: Final = "mortality_rate"
"""The input that takes from every status alike."""
ROUNDS: Final = 6
_OLDEST: Final = 99
_LEAST: Final = 1.0  # persons; smaller cohorts are left as they are


@dataclass(frozen=True)
class People:
    """A population on each 1 January.

    Attributes
    ----------
    years : array of int, shape (years,)
        The 1 Januaries.
    born : array of int, shape (cohorts,)
        Year of birth.
    count : array of float, shape (years, sexes, cohorts)
        Persons.
    migrated : array of float, shape (years,)
        Net migration since the first of them, persons.
    """

    years: NDArray[np.int64]
    born: NDArray[np.int64]
    count: Floats
    migrated: Floats

    @property
    def total(self) -> Floats:
        """Persons on each 1 January."""
        return np.asarray(self.count.sum(axis=(1, 2)))

    @property
    def age(self) -> NDArray[np.int64]:
        """Completed age, shape (years, cohorts); -1 for those to be born in the year."""
        return self.years[:, None] - self.born[None, :] - 1


def target(people: People, total: Floats, *, ageing: bool) -> Floats:
    """Give the population wanted.

    Parameters
    ----------
    people : People
        The population of a run.
    total : array of float, shape (years,)
        Persons wanted on each 1 January.
    ageing : bool
        True: the age structure of `people`; False: that of its first 1 January throughout.

    Returns
    -------
    array of float, shape (years, sexes, cohorts)
    """
    if ageing:
        return np.asarray(people.count * (total / people.total)[:, None, None])
    first, age = people.count[0], people.age
    by_age = np.zeros((first.shape[0], max(_OLDEST + 1, int(age.max()) + 1)))
    there = age[0] >= 0
    np.add.at(by_age.T, age[0][there], first.T[there])
    found = np.where(age >= 0, 1.0, 0.0)[:, None, :] * by_age.T[np.maximum(age, 0)].transpose(0, 2, 1)
    # The first cohort holds all who are older; it keeps what it has.
    found[:, :, 0] = people.count[:, :, 0]
    return np.asarray(found * (total / found.sum(axis=(1, 2)))[:, None, None])


def held(
    inputs: Mapping[str, Any], run: Callable[[Mapping[str, Any]], People], wanted: Callable[[People], Floats]
) -> dict[str, Any]:
    """Change the inputs of a run such that its population becomes the one wanted.

    Parameters
    ----------
    inputs : mapping of str to array or Series
        Inputs of the run.
    run : callable
        Gives the population for inputs.
    wanted : callable
        Gives the target for the population of the run without change, shape (years, sexes, cohorts).

    Returns
    -------
    dict
        The inputs with other death rates. The population is held up to what a rate that is linear between two
        1 Januaries can do: totals and age groups within 1%.

    Notes
    -----
    Fixed-point iteration: in each round the rate of a cohort changes by how much faster it grew than wanted.
    """
    rates = inputs[CARRIER]
    made = dict(inputs)
    values = np.array(rates.values, np.float64)
    people = run(made)
    goal = wanted(people)
    for _ in range(ROUNDS):
        change = _too_fast(people, goal)
        # A rate between two 1 Januaries is the mean of both; each gets the mean of the years around it. The first
        # stays, so that the start of the run, where posts are balanced, is the same in every run.
        around = np.concatenate([np.zeros_like(change[:1]), (change[:-1] + change[1:]) / 2, change[-1:]])
        values = values + around
        made[CARRIER] = Series(rates.years, values)
        people = run(made)
    return made


def _too_fast(people: People, goal: Floats) -> Floats:
    """By how much cohorts grow faster than wanted, log per year, shape (years - 1, sexes, cohorts)."""
    age = people.age[:-1, None, :]
    use = (people.count[:-1] > _LEAST) & (goal[:-1] > _LEAST) & (people.count[1:] > _LEAST) & (goal[1:] > _LEAST)
    use = use & (age >= 0) & (age < _OLDEST)
    have, want = np.where(people.count > 0, people.count, 1.0), np.where(goal > 0, goal, 1.0)
    growth = np.log(have[1:] / have[:-1])
    # In their first year cohorts are brought to the number wanted; births follow the mothers.
    wanted = np.where(age == 0, np.log(want[1:] / have[:-1]), np.log(want[1:] / want[:-1]))
    return np.where(use, growth - wanted, 0.0)
