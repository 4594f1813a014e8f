"""The figures. Colours are those of Okabe and Ito: told apart by colour-blind readers and in grey print."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from krapte_sd.errors import ParameterError
from krapte_sd.plots.words import say

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


def _signed(figure: Figure, ds: xr.Dataset, language: str = "en") -> None:
    """Put under the figure what was run and how sure its numbers are."""
    counts = ds.attrs["parameter_status_counts"].replace("; ", ", ")
    status = f"{say('parameter values by status', language)}: {counts}"
    text = f"{ds.attrs['source']}; {ds.attrs['title'].split(': ')[-1]}; {status}"
    figure.text(0.005, -0.035, text, fontsize=6.5, color="#555555", ha="left", va="top")


def _names(ds: xr.Dataset, language: str = "en") -> list[str]:
    names = ds["sector_name_nl" if language == "nl" else "sector_name"].values
    return [f"{name} ({code})" for code, name in zip(ds["sector"].values, names, strict=True)]


def _year(ds: xr.Dataset, name: str, year: int) -> Any:
    """Thousands on 1 January of a year, all regions together."""
    return ds[name].sel(time=f"{year}-01-01").sum("region") / THOUSAND


def headline(ds: xr.Dataset, language: str = "en") -> Figure:
    """Draw the shortage of the country over time in its three parts.

    Parameters
    ----------
    ds : xarray.Dataset
        A forecast.
    language : {"en", "nl"}
        Language of all labels.

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
        axes.fill_between(years, bottom, top, color=colour, alpha=0.85, label=say(label, language), linewidth=0)
        bottom = top
    axes.plot(years, bottom, color="black", linewidth=1.6, label=say("need gap (structural + suppressed)", language))
    frictional = ds["frictional_shortage"].sum(["region", "sector"]).values / THOUSAND
    axes.plot(years, frictional, color=GREY, linestyle="--", label=say("frictional, not counted in the gap", language))
    axes.set(ylabel=say("thousand persons", language), xlim=(years[0], years[-1]))
    axes.set_ylim(0, 1.4 * max(bottom.max(), frictional.max()))  # room for the legend
    axes.set_title(say("Labour shortage in the Netherlands", language))
    axes.legend(frameon=False, fontsize=8, loc="upper left")
    _signed(figure, ds, language)
    return figure


def shortage_by_sector(
    ds: xr.Dataset, years: tuple[int, ...] = (2024, 2030, 2040, 2050), language: str = "en"
) -> Figure:
    """Draw the need gap by sector in some years.

    Parameters
    ----------
    ds : xarray.Dataset
        A forecast.
    years : tuple of int
        1 Januaries to show.
    language : {"en", "nl"}
        Language of all labels.

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
    left.set_yticks(place, _names(ds, language), fontsize=8)
    right.set_yticks(place, ds["sector"].values, fontsize=8)
    left.set(xlabel=say("thousand persons", language), title=say("Need gap by sector", language))
    right.set(xlabel=say("per 100 persons needed", language), title=say("relative to need", language))
    left.legend(frameon=False, fontsize=8, title=say("1 January", language))
    _signed(figure, ds, language)
    return figure


def population_pyramid(ds: xr.Dataset, years: tuple[int, int] = (2024, 2050), language: str = "en") -> Figure:
    """Draw the population by sex and age in two years, and who works among them.

    Parameters
    ----------
    ds : xarray.Dataset
        A forecast.
    years : tuple of int
        The two 1 Januaries.
    language : {"en", "nl"}
        Language of all labels.

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
                shown = say(label, language) if sign > 0 else None
                axes.barh(age, sign * stock.sel(sex=sex).values, height=1.0, color=colour, label=shown)
        axes.set(title=f"{say('1 January', language)} {year}", xlim=(-top, top), ylim=(-0.5, 100.5))
        axes.set_xlabel(say("thousand persons: men (left), women (right)", language))
        axes.set_xticks(axes.get_xticks(), [f"{abs(t):.0f}" for t in axes.get_xticks()])
        axes.set_xlim(-top, top)
    both[0].set_ylabel(say("age", language))
    both[0].legend(frameon=False, fontsize=8)
    _signed(figure, ds, language)
    return figure


def openings(ds: xr.Dataset, first: int = 2024, last: int = 2029, language: str = "en") -> Figure:
    """Draw replacement against expansion demand by sector, mean of some calendar years.

    Parameters
    ----------
    ds : xarray.Dataset
        A forecast.
    first, last : int
        Calendar years, both included.
    language : {"en", "nl"}
        Language of all labels.

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
        axes.barh(place + offset, mean[name].values, height=0.38, color=colour, label=say(label, language))
    axes.axvline(0, color="black", linewidth=0.7)
    axes.set_yticks(place, _names(ds, language), fontsize=8)
    axes.invert_yaxis()
    when = f"{first}-{last}"
    axes.set(
        xlabel=say("thousand persons a year", language), title=f"{say('Openings by sector, mean of', language)} {when}"
    )
    axes.legend(frameon=False, fontsize=8, loc="lower right")
    _signed(figure, ds, language)
    return figure
