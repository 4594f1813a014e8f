"""Job openings as ROA defines them: expansion and replacement, and what moves between jobs and turnover add."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from krapte_sd.errors import ParameterError

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["PERIOD", "job_openings"]

Floats = NDArray[np.float64]
PERIOD: Final = 5
"""Years of a period."""
_NEEDED: Final = (
    "employed_by_age", "employed_in_sector", "hires", "job_leavers", "labour_replaced_by_automation", "posts_offshored",
)  # fmt: skip
_TOLD: Final = {
    "expansion": "change of the number of employed; below zero, a sector that shrinks",
    "outflow": "net loss of employed, over the cohorts of birth that lose some",
    "replacement": "outflow as far as it leads to openings: what a shrinking sector loses is not replaced",
    "openings": "job openings: expansion above zero and replacement",
    "mobility": "posts left for another job, in this sector or another, beyond the openings",
    "turnover": "hires for posts left and taken up again by people of the same cohort, beyond openings and mobility",
    "hires": "all hires: openings, mobility and turnover",
    "substitution": "posts that machines and work abroad, beyond the trend, have taken over; not in the openings",
}


def job_openings(ds: xr.Dataset) -> xr.Dataset:
    """Account for job openings over periods of five years.

    Parameters
    ----------
    ds : xarray.Dataset
        A forecast of `run`, with stocks by age.

    Returns
    -------
    xarray.Dataset
        By ``period`` (its first year; as many whole periods as the forecast has) and ``sector``, in persons per period,
        all regions together:

        - ``expansion``: change of the number of employed;
        - ``outflow``: net loss of employed, summed over the cohorts of birth (by sex) that lose some: pension,
          disability, care, death, emigration, and moves to other sectors;
        - ``replacement``: outflow less what a shrinking sector does not replace;
        - ``openings``: ``max(expansion, 0) + replacement``, which is the number of newcomers;
        - ``mobility``, ``turnover``: what moves from job to job and coming and going within cohorts add;
        - ``hires``: their sum, all people hired;
        - ``substitution``: posts taken over by machines and work abroad beyond the trend. Without them, so many more
          posts would have been to fill.

        ``replacement_of_country`` (by period) is that of all sectors as one: what the sectors have more is moves
        between them.

    Raises
    ------
    ParameterError
        If the forecast lacks stocks by age, or is shorter than a period.

    Notes
    -----
    Expansion, replacement and openings are those of ROA, the research centre of Maastricht University (De arbeidsmarkt
    naar opleiding en beroep; methods in Willems and De Grip (1993), Forecasting replacement demand by occupation and
    education, International Journal of Forecasting 9, 173-185, and in ROA-TR-2020/1), for sectors. ROA has occupations
    and levels of education too, and counts as substitution that employers ask for another education; the model has
    neither, so that here substitution is of people by machines and by work abroad.

    Examples
    --------
    >>> import krapte_sd as ks
    >>> found = ks.job_openings(ks.run("baseline", until=2030))
    >>> found["period"].values.tolist()
    [2024]
    """
    import xarray as xr

    missing = [name for name in _NEEDED if name not in ds]
    if missing:
        remedy = "remedy: give a forecast of run with by_age=True"
        raise ParameterError(f"job openings: the forecast lacks {', '.join(missing)}; {remedy}")
    first, last = (int(ds["time"].dt.year.values[at]) for at in (0, -1))
    starts = list(range(first, last - PERIOD + 1, PERIOD))
    if not starts:
        raise ParameterError(f"job openings: the forecast has {last - first} years; allowed: {PERIOD} and more")
    people = ds["employed_by_age"].sum("region").transpose("time", "sector", "sex", "age").values
    periods = [_period(ds, people[start - first], people[start - first + PERIOD], start) for start in starts]
    data: dict[str, Any] = {
        name: (
            ("period", "sector"),
            np.stack([each[name] for each in periods]),
            {"units": "person", "description": text},
        )
        for name, text in _TOLD.items()
    }
    whole = np.array([_outflow(people[s - first].sum(0), people[s - first + PERIOD].sum(0)) for s in starts])
    shrink = np.minimum(np.stack([each["expansion"] for each in periods]).sum(axis=1), 0.0)
    attrs = {"units": "person", "description": "replacement of all sectors as one, without moves between them"}
    data["replacement_of_country"] = ("period", whole + shrink, attrs)
    attrs = {"long_name": f"first year of {PERIOD} calendar years"}
    coords: dict[str, Any] = {"period": ("period", starts, attrs), "sector": ds["sector"].values}
    if "sector_name" in ds.coords:
        coords["sector_name"] = ("sector", ds["sector_name"].values)
    return xr.Dataset(data, coords, {"title": "Job openings as ROA defines them"})


def _outflow(before: Floats, after: Floats) -> Floats:
    """Net loss over the cohorts that lose people; ages last, sexes before them."""
    change = after.copy()
    change[..., PERIOD:] -= before[..., :-PERIOD]
    # All who are 100 and over stand together.
    change[..., -1] -= before[..., -PERIOD:].sum(axis=-1)
    return np.asarray(-np.minimum(change, 0.0).sum(axis=(-2, -1)))


def _period(ds: xr.Dataset, before: Floats, after: Floats, start: int) -> dict[str, Floats]:
    def flow(name: str) -> Floats:
        return np.asarray(ds[name].sel(year=slice(start, start + PERIOD - 1)).sum(["region", "year"]).values)

    def change(name: str) -> Floats:
        ends = [ds[name].sel(time=f"{year}-01-01").sum("region").values for year in (start, start + PERIOD)]
        return np.asarray(ends[1] - ends[0])

    expansion = after.sum(axis=(1, 2)) - before.sum(axis=(1, 2))
    outflow = _outflow(before, after)
    replacement = outflow + np.minimum(expansion, 0.0)
    openings = np.maximum(expansion, 0.0) + replacement
    hires, mobility = flow("hires"), flow("job_leavers")
    return {
        "expansion": expansion,
        "outflow": outflow,
        "replacement": replacement,
        "openings": openings,
        "mobility": mobility,
        "turnover": hires - mobility - openings,
        "hires": hires,
        "substitution": change("labour_replaced_by_automation") + change("posts_offshored"),
    }
