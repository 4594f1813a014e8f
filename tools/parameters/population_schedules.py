"""Schedules by age for the population inputs: smooth curves through published figures.

Rates in the tables stand for the completed age a on 1 January, that is the exact age a + 0.5. A calendar year has its
middle half a year later, when somebody of age A on 31 December is A years old exactly; migration is published by A.
"""

from __future__ import annotations

import numpy as np
from scipy.interpolate import PchipInterpolator
from tools.parameters.tables import Table

__all__ = ["AGES", "ANCHORS", "YEARS", "Migration", "Mortality", "pchip"]

YEARS = np.arange(2024, 2052)  # 1 Januaries
AGES = np.arange(101)
ANCHORS = (2024, 2030, 2040, 2050)  # years for which the forecast gives migration by age
SEXES = ("female", "male")

# Emigration by age is observed up to 73; from 70 on rates fall in a straight line to none at 100 (assumed).
LAST_OBSERVED_EMIGRATION = 73
FADES_FROM = 70
# The net schedule of the UN stays positive up to 75, where it stops at once; it fades here from 60 on (assumed).
NET_FADES = (60, 76)
# How closely sums over age groups are met: those of the forecast itself, and those of the forecast of 2020.
OWN, EARLIER = 1e-4, 2e-3


def pchip(years: object, values: object, at: object) -> np.ndarray:
    """Interpolate without overshoot; outside the years the curve goes on."""
    return PchipInterpolator(np.asarray(years, float), np.asarray(values, float))(np.asarray(at, float))


def smoothed(values: np.ndarray, times: int) -> np.ndarray:
    """Smooth with the weights 1/4, 1/2, 1/4, several times."""
    for _ in range(times):
        values = np.convolve(np.pad(values, 1, mode="edge"), [0.25, 0.5, 0.25], mode="valid")
    return values


def fit_sums(reference: np.ndarray, groups: np.ndarray, sums: np.ndarray, tolerance: np.ndarray) -> np.ndarray:
    """Bend a curve as smoothly as possible until its sums over groups of ages are right.

    The answer is ``reference * exp(g)``, where g has the smallest second differences, and above the age of 70, where
    there is no information by age, the smallest first differences.

    Parameters
    ----------
    reference : numpy.ndarray, shape (age,)
        Positive.
    groups : numpy.ndarray, shape (group, age)
        One where an age belongs to a group.
    sums, tolerance : numpy.ndarray, shape (group,)
        What the groups must add up to, and by which fraction they may miss it.
    """
    size = reference.size
    identity = np.eye(size)
    rough = np.vstack([np.diff(identity, 2, axis=0), np.diff(identity, axis=0)[FADES_FROM:], 1e-4 * identity])
    bend = np.zeros(size)
    for _ in range(100):
        curve = reference * np.exp(bend)
        slope = groups * curve / (sums * tolerance)[:, None]
        matrix = np.vstack([rough, slope])
        target = np.concatenate([-rough @ bend, (1 - groups @ curve / sums) / tolerance])
        step = np.linalg.lstsq(matrix, target, rcond=None)[0]
        bend = bend + np.clip(step, -0.5, 0.5)
        if np.abs(step).max() < 1e-9:
            return reference * np.exp(bend)
    raise ArithmeticError("the age schedule of migration does not converge")


class Migration:
    """Immigration and emigration by age as in the official forecast.

    Parameters
    ----------
    sources : Table
        The carried-over figures.

    Notes
    -----
    Ten-year groups of the forecast lead (under 30, in 2024 under 40, and the rest as one remainder). The remainder is
    divided with the shares of 40-49 and 60-69 in the forecast of 2020. Inside the groups emigration follows the rates
    of 2017 by single age and immigration follows these plus the net schedule of the UN.
    """

    def __init__(self, sources: Table) -> None:
        self.sources = sources
        fade = np.clip((100 - AGES) / (100 - FADES_FROM), 0, 1)
        known = np.arange(LAST_OBSERVED_EMIGRATION + 1)
        share = smoothed(sources.array("emigrated_share", "age", known), 3)
        self.emigration_shape = np.maximum(np.pad(share, (0, 100 - known[-1]), mode="edge") * fade, 1e-9)
        net = np.array([sources.array("un_net_migration", "age", AGES, sex=sex) for sex in SEXES])
        self.female = np.where(net.sum(0) > 0, net[0] / np.maximum(net.sum(0), 1), 0.5)
        start, end = NET_FADES
        smooth_net = smoothed(net.sum(0) * np.clip((end - AGES) / (end - start), 0, 1), 1)
        base = sum(sources.array("base_population", "age", AGES, sex=sex) for sex in SEXES)
        level = self.total("emigration", 2024) / float(self.emigration_shape @ base)
        stationary = base[: NET_FADES[0]].mean() * np.clip((100 - AGES) / (100 - NET_FADES[0]), 0, 1)
        reference = self.emigration_shape * stationary * level + smooth_net
        reference[0] *= 0.5  # those born during the year are there for half of it
        self.immigration_shape = np.maximum(reference, 1e-6)

    def total(self, flow: str, year: int) -> float:
        """Return the total of a flow in a calendar year for which the forecast gives it."""
        return self.sources.one(f"forecast_{flow}", year=year)

    def _groups(self, flow: str, year: int, older: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        own = self.sources.series(f"forecast_{flow}_by_age", "age", year=year)
        rows = [(first // 10 == AGES // 10, count, OWN) for first, count in sorted(own.items())]
        rows.append((max(own) + 10 <= AGES, self.total(flow, year) - sum(own.values()), OWN))
        earlier = self.sources.series(f"earlier_forecast_{flow}", "year")
        years = [each for each in sorted(earlier) if each <= ANCHORS[-1]]
        for first in (40, 60):
            counts = self.sources.array(f"earlier_forecast_{flow}_by_age", "year", years, age=first)
            share = np.interp(year, years, counts / np.array([earlier[each] for each in years]))
            factor = np.exp(older) if year > ANCHORS[0] else 1.0
            rows.append((first // 10 == AGES // 10, share * self.total(flow, year) * factor, EARLIER))
        groups, sums, tolerance = zip(*rows, strict=True)
        return np.array(groups, float), np.array(sums), np.array(tolerance)

    def immigration_profile(self) -> np.ndarray:
        """Return the shares by sex, age on 1 January (from -1) and calendar year; shape (2, 102, year)."""
        anchors = []
        for year in ANCHORS:
            counts = fit_sums(self.immigration_shape, *self._groups("immigration", year, 0.0))
            counts[100:] = 0.0  # at 100 and over nobody enters: several cohorts share that row
            anchors.append(counts / counts.sum())
        by_year = np.array([np.interp(YEARS, ANCHORS, column) for column in np.array(anchors).T])
        profile = np.zeros((2, 102, YEARS.size))
        profile[:, :101] = np.stack([self.female, 1 - self.female])[:, :, None] * by_year
        return profile / profile.sum((0, 1))

    def emigration_rates(self, residents: dict[int, np.ndarray], older: float) -> np.ndarray:
        """Return rates by age and year, the same for both sexes (assumed); shape (age, year).

        Parameters
        ----------
        residents : dict of int to numpy.ndarray, shape (age,)
            Residents in the middle of each year of `ANCHORS` by age on 31 December.
        older : float
            Logarithm of a factor on the emigrants of 40-49 and 60-69 after 2024 (calibrated; the forecast of
            2023 gives no ages above 30 there).
        """
        anchors = []
        for year in ANCHORS:
            present = np.maximum(residents[year], 1.0)
            emigrants = fit_sums(self.emigration_shape * present, *self._groups("emigration", year, older))
            exact = emigrants / present
            anchors.append(np.append((exact[1:] + exact[:-1]) / 2, 0.0))
        middle = np.array(ANCHORS) + 0.5
        return np.array([np.interp(YEARS, middle, column) for column in np.array(anchors).T])


class Mortality:
    """Death rates: the UN schedule of 2020-2025 with a few smooth corrections.

    Parameters
    ----------
    sources : Table
        The carried-over figures.
    """

    START = 2024.5  # the calendar year 2024, whose deaths are observed
    NAMES = ("level", "tilt", "by_2030", "by_2040", "by_2050", "decline_tilt", "sex", "decline_sex")
    # What the UN schedules would give, and how far a parameter may stray from it (one standard deviation).
    PRIOR = (0.0, 0.0, 0.24, 0.64, 1.04, 0.0, 0.0, 0.0)
    SPREAD = (0.05, 0.1, 0.1, 0.2, 0.3, 0.3, 0.03, 0.2)

    def __init__(self, sources: Table) -> None:
        start, end = (
            np.array(
                [self._single_ages(sources.series("un_mortality_rate", "age", sex=sex, year=year)) for sex in SEXES]
            )
            for year in (2020, 2045)
        )
        self.start = start
        self.decline = np.log(end / start)
        # -2 at 40 and younger, 0 at 80, 1 at 100
        self.tilt = np.clip((AGES + 0.5 - 80) / 20, -2, 1)

    @staticmethod
    def _single_ages(abridged: dict[int, float]) -> np.ndarray:
        """Interpolate on the log scale between the middles of the age groups; 0 and 100 and over as they are."""
        groups = sorted(abridged)
        middle = [3.0, *(group + 2.5 for group in groups[2:-1]), 100.5]
        rates = [abridged[group] for group in groups[1:]]
        single = np.exp(pchip(middle, np.log(rates), np.clip(AGES + 0.5, 3.0, 100.5)))
        single[0] = abridged[0]
        return single

    def rates(self, parameters: np.ndarray) -> np.ndarray:
        """Return rates by sex, age and year; shape (2, 101, year).

        Parameters
        ----------
        parameters : numpy.ndarray, shape (8,)
            In the order of `NAMES`: logarithm of the level; tilt of the level by age; how much of the UN decline
            over 25 years has taken place by the calendar years 2030, 2040 and 2050; tilt of the decline by age;
            logarithm of the level of women over men; extra decline of women over men, as a fraction.
        """
        level, tilt, by_2030, by_2040, by_2050, decline_tilt, sex, decline_sex = parameters
        knots = self.START + np.array([-10, 0, 6, 16, 26, 36])
        progress = pchip(knots, [-by_2030 * 10 / 6, 0, by_2030, by_2040, by_2050, 2 * by_2050 - by_2040], YEARS)
        side = np.array([[1.0], [-1.0]])
        base = np.log(self.start) + level + tilt * self.tilt + sex / 2 * side
        decline = self.decline * np.exp(decline_tilt * self.tilt) * (1 + decline_sex * side)
        return np.exp(base[:, :, None] + decline[:, :, None] * progress)
