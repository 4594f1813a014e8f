"""Who lives where and works where: workers by municipality of residence and of work.

A gravity model on the distance between the places where people live, with the employed residents and the workers of
each municipality as margins, raked to the observed exchange between provinces. It is an estimate of a balance, not a
behavioural model of commuting.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize
from tools.parameters.regions_population import Divisions, by_region
from tools.parameters.tables import read_records

from krapte_sd.errors import BalanceError
from krapte_sd.parameters.observations import Observations
from krapte_sd.parameters.raking import rake

Floats = npt.NDArray[np.float64]
MATRIX_PERIOD = "2018-12"
INSIDE = 0.4
"""Distance to work inside a municipality over the radius of a disc of its area; homes and jobs lie together. From the
one municipality for which CBS 83628NED could be read, Hoeksche Waard: 4.7 km by road, a straight line taken as 1.3
times shorter (assumed), radius 9.2 km. Two random points of a disc would be 0.9 apart."""

NEAREST = 1.0
"""Kilometres added to every distance, so that the power law is finite."""


@dataclass(frozen=True)
class Commuting:
    """The estimate and what it rests on.

    Attributes
    ----------
    workers : numpy.ndarray
        (municipality of residence, municipality of work), persons.
    power, decay : float
        Workers fall with distance d (km) as (d + 1)^-power exp(-decay d), before the margins.
    misfit : float
        Share of workers in the wrong cell of the province matrix before it is raked to it.
    """

    workers: Floats
    power: float
    decay: float
    misfit: float


def distances(parameters: Path, municipalities: tuple[str, ...]) -> Floats:
    """Return (municipalities, municipalities) kilometres in a straight line between where people live.

    Inside a municipality: a share of the radius of a disc of its area.
    """
    rows = {row["municipality"]: row for row in read_records(parameters / "regions" / "centres.csv")}
    point = np.array([[float(rows[code][name]) for name in ("x_km", "y_km")] for code in municipalities])
    area = np.array([float(rows[code]["area_km2"]) for code in municipalities])
    out = np.linalg.norm(point[:, None] - point[None], axis=2)
    out[np.diag_indices(len(out))] = INSIDE * np.sqrt(area / np.pi)
    return np.asarray(out)


def province_matrix(observations: Observations, where: Divisions) -> Floats:
    """Return (province of residence, province of work) employee jobs in December 2018."""
    codes = where.province.codes
    columns = [
        by_region(observations, f"employee_jobs_in_{code.lower()}", codes, period=MATRIX_PERIOD) for code in codes
    ]
    return np.array([[column[code] for column in columns] for code in codes])


def commuting(
    observations: Observations, where: Divisions, residents: Floats, jobs: Floats, distance: Floats
) -> Commuting:
    """Estimate the matrix.

    Parameters
    ----------
    observations, where
        The published figures and the divisions.
    residents, jobs : numpy.ndarray
        (municipalities,) employed residents, and workers by place of work; equal in total.
    distance : numpy.ndarray
        (municipalities, municipalities), km.
    """
    incidence = where.province.incidence()
    observed = province_matrix(observations, where)
    target = rake(np.maximum(observed, 50.0), [((0,), incidence @ residents), ((1,), incidence @ jobs)])

    def predicted(parameters: Floats, tolerance: float = 1e-7) -> Floats:
        power, decay = np.exp(parameters)
        seed = (distance + NEAREST) ** -power * np.exp(-decay * distance) * residents[:, None] * jobs
        return rake(seed, [((0,), residents), ((1,), jobs)], tolerance=tolerance, most=5000)

    def misfit(parameters: Floats) -> float:
        table = incidence @ predicted(parameters, 1e-5) @ incidence.T
        return float((target * np.log(target / table)).sum() / target.sum())

    found = minimize(misfit, np.log([1.0, 0.04]), method="Nelder-Mead", options={"xatol": 1e-3, "fatol": 1e-8})
    free = predicted(found.x)
    off = np.abs(incidence @ free @ incidence.T - target).sum() / target.sum() / 2
    workers = _three_margins(free, where.province.position, target, residents, jobs)
    power, decay = np.exp(found.x)
    return Commuting(workers, float(power), float(decay), float(off))


def _three_margins(
    seed: Floats, province: npt.NDArray[np.int64], blocks: Floats, residents: Floats, jobs: Floats
) -> Floats:
    """Rake to residents, workers and the blocks between provinces; the workers by place of work hold to rounding."""
    out = seed.copy()
    order = np.argsort(province, kind="stable")
    starts = np.searchsorted(province[order], np.arange(len(blocks)))
    for _ in range(3000):
        sorted_ = out[np.ix_(order, order)]
        sums = np.add.reduceat(np.add.reduceat(sorted_, starts, axis=0), starts, axis=1)
        out *= (blocks / sums)[np.ix_(province, province)]
        out *= (residents / out.sum(axis=1))[:, None]
        worst = np.abs(out.sum(axis=0) / jobs - 1).max()
        out *= jobs / out.sum(axis=0)
        if max(worst, np.abs(blocks / sums - 1).max()) < 1e-10:
            return out
    raise BalanceError(f"commuting margins not met: off by {worst:.3g}")
