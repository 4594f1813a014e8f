"""The figures. Colours are those of Okabe and Ito: told apart by colour-blind readers and in grey print."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from krapte_sd.errors import ParameterError

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure

__all__ = ["headline", "openings", "population_pyramid", "shortage_by_sector"]

BLUE: Final = "#0072B2"
ORANGE: Final = "#E69F00"
GREEN: Final = "#009E73"
RED: Final = "#D55E00"
GREY: Final = "#999999"
PALE: Final = "#c8d7e6"
THOUSAND: Final = 1000.0


def _figure(width: float, height: float, columns: int = 1) -> tuple[Figure, Any]:
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise ParameterError("figures need matplotlib; remedy: pip install 'krapte_sd[plot]'") from error
    figure = Figure(figsize=(width, height), layout="constrained")
    axes = figure.subplots(1, columns)
    for each in np.atleast_1d(axes):
        each.spines[["top", "right"]].set_visible(False)
    return figure, axes


def _signed(figure: Figure, ds: xr.Dataset) -> None:
    """Put under the figure what was run and how sure its numbers are."""
    counts = ds.attrs["parameter_status_counts"].replace("; ", ", ")
    text = f"{ds.attrs['source']}; {ds.attrs['title'].split(': ')[-1]}; parameter values by status: {counts}"
    figure.text(0.005, -0.035, text, fontsize=6.5, color="#555555", ha="left", va="top")


def _names(ds: xr.Dataset) -> list[str]:
    return [f"{name} ({code})" for code, name in zip(ds["sector"].values, ds["sector_name"].values, strict=True)]


def _year(ds: xr.Dataset, name: str, year: int) -> Any:
    """Thousands on 1 January of a year, all regions together."""
    return ds[name].sel(time=f"{year}-01-01").sum("region") / THOUSAND


def headline(ds: xr.Dataset) -> Figure:
    """Draw the shortage of the country over time in its three parts.

    Parameters
    ----------
    ds : xarray.Dataset
        A forecast.

    Returns
    -------
    matplotlib.figure.Figure
        Frictional, structural and suppressed shortage, thousand persons, on each 1 January.
    """
    figure, axes = _figure(7.5, 3.8)
    years = ds["time"].dt.year.values
    parts = [
        ("structural_shortage", BLUE, "structural: wanted and not filled"),
        ("suppressed_shortage", ORANGE, "suppressed: given up because labour is dear"),
    ]
    bottom = np.zeros(len(years))
    for name, colour, label in parts:
        top = bottom + ds[name].sum(["region", "sector"]).values / THOUSAND
        axes.fill_between(years, bottom, top, color=colour, alpha=0.85, label=label, linewidth=0)
        bottom = top
    axes.plot(years, bottom, color="black", linewidth=1.6, label="need gap (structural + suppressed)")
    frictional = ds["frictional_shortage"].sum(["region", "sector"]).values / THOUSAND
    axes.plot(years, frictional, color=GREY, linestyle="--", label="frictional, not counted in the gap")
    axes.set(ylabel="thousand persons", xlim=(years[0], years[-1]), ylim=(0, None))
    axes.set_title("Labour shortage in the Netherlands")
    axes.legend(frameon=False, fontsize=8, loc="upper left")
    _signed(figure, ds)
    return figure


def shortage_by_sector(ds: xr.Dataset, years: tuple[int, ...] = (2024, 2030, 2040, 2050)) -> Figure:
    """Draw the need gap by sector in some years.

    Parameters
    ----------
    ds : xarray.Dataset
        A forecast.
    years : tuple of int
        1 Januaries to show.

    Returns
    -------
    matplotlib.figure.Figure
        Thousand persons and, beside it, per 100 persons needed.
    """
    figure, (left, right) = _figure(10.0, 6.2, columns=2)
    place = np.arange(ds.sizes["sector"])
    shades = [GREY, GREEN, BLUE, RED][-len(years) :]
    for year, colour in zip(years, shades, strict=True):
        gap, need = _year(ds, "need_gap", year), _year(ds, "labour_needed", year)
        style = {"marker": "o", "linestyle": "none", "color": colour, "markersize": 5, "label": str(year)}
        left.plot(gap.values, place, **style)
        right.plot(100 * (gap / need).values, place, **style)
    for axes in (left, right):
        axes.axvline(0, color="black", linewidth=0.7)
        axes.grid(axis="y", color="#dddddd", linewidth=0.7)
        axes.set_axisbelow(True)
        axes.invert_yaxis()
    left.set_yticks(place, _names(ds), fontsize=8)
    right.set_yticks(place, ds["sector"].values, fontsize=8)
    left.set(xlabel="thousand persons", title="Need gap by sector")
    right.set(xlabel="per 100 persons needed", title="relative to need")
    left.legend(frameon=False, fontsize=8, title="1 January")
    _signed(figure, ds)
    return figure


def population_pyramid(ds: xr.Dataset, years: tuple[int, int] = (2024, 2050)) -> Figure:
    """Draw the population by sex and age in two years, and who works among them.

    Parameters
    ----------
    ds : xarray.Dataset
        A forecast.
    years : tuple of int
        The two 1 Januaries.

    Returns
    -------
    matplotlib.figure.Figure
        Thousand persons by single age; women to the right. The last row is 100 and over.
    """
    figure, both = _figure(9.0, 4.8, columns=2)
    age = ds["age"].values
    top = float(ds["population_by_age"].sum("region").max()) / THOUSAND * 1.05
    for axes, year in zip(both, years, strict=True):
        people = _year(ds, "population_by_age", year)
        workers = _year(ds, "employed_by_age", year).sum("sector")
        for sex, sign in (("male", -1), ("female", 1)):
            for stock, colour, label in ((people, PALE, "residents"), (workers, BLUE, "employed")):
                shown = label if sign > 0 else None
                axes.barh(age, sign * stock.sel(sex=sex).values, height=1.0, color=colour, label=shown)
        axes.set(title=f"1 January {year}", xlim=(-top, top), ylim=(-0.5, 100.5))
        axes.set_xlabel("thousand persons: men (left), women (right)")
        axes.set_xticks(axes.get_xticks(), [f"{abs(t):.0f}" for t in axes.get_xticks()])
        axes.set_xlim(-top, top)
    both[0].set_ylabel("age")
    both[0].legend(frameon=False, fontsize=8)
    _signed(figure, ds)
    return figure


def openings(ds: xr.Dataset, first: int = 2024, last: int = 2029) -> Figure:
    """Draw replacement against expansion demand by sector, mean of some calendar years.

    Parameters
    ----------
    ds : xarray.Dataset
        A forecast.
    first, last : int
        Calendar years, both included.

    Returns
    -------
    matplotlib.figure.Figure
        Thousand persons a year. Replacement is net of direct hires and without job leavers.
    """
    figure, axes = _figure(8.0, 5.6)
    mean = ds.sel(year=slice(first, last)).sum("region").mean("year") / THOUSAND
    place = np.arange(ds.sizes["sector"])
    bars = [
        (-0.2, "replacement_demand", BLUE, "replacement (net of direct hires, without job leavers)"),
        (0.2, "expansion_demand", ORANGE, "expansion (change of employment)"),
    ]
    for offset, name, colour, label in bars:
        axes.barh(place + offset, mean[name].values, height=0.38, color=colour, label=label)
    axes.axvline(0, color="black", linewidth=0.7)
    axes.set_yticks(place, _names(ds), fontsize=8)
    axes.invert_yaxis()
    axes.set(xlabel="thousand persons a year", title=f"Openings by sector, mean of {first}-{last}")
    axes.legend(frameon=False, fontsize=8, loc="lower right")
    _signed(figure, ds)
    return figure
