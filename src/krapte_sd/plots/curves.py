"""Figures over time and of parts: Beveridge curve, bands by sector or region, steps between runs, parts of a sum."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from krapte_sd.errors import ParameterError
from krapte_sd.plots.figures import BLUE, GREEN, GREY, ORANGE, RED, THOUSAND, _figure, _signed
from krapte_sd.plots.words import say

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr
    from matplotlib.figure import Figure

__all__ = ["beveridge", "decomposition", "shortage_bands", "waterfall"]

_HATCHES = ("", "//", "..", "xx", "\\\\", "++", "oo", "--")
_COLOURS = (BLUE, ORANGE, GREEN, RED, "#CC79A7", "#56B4E9", "#F0E442", GREY)


def beveridge(ds: xr.Dataset, language: str = "en") -> Figure:
    """Draw vacancies against unemployment on each 1 January.

    Parameters
    ----------
    ds : xarray.Dataset
        A forecast; regions are added up.
    language : {"en", "nl"}
        Language of all labels.

    Returns
    -------
    matplotlib.figure.Figure
        Both in percent; some points with their year.
    """
    figure, axes = _figure(5.6, 4.6)
    unemployed = ds["unemployed_total"].sum("region") / ds["labour_force"].sum("region") * 100
    open_posts = ds["vacancies"].sum(["region", "sector"])
    filled = ds["employed_in_sector"].sum(["region", "sector"])
    vacant = 100 * open_posts / (open_posts + filled)
    axes.plot(unemployed.values, vacant.values, color=BLUE, marker="o", markersize=3.5, linewidth=1.2)
    years = ds["time"].dt.year.values
    for k in range(0, len(years), 5):
        place = (float(unemployed[k]), float(vacant[k]))
        axes.annotate(str(years[k]), place, xytext=(5, 4), textcoords="offset points", fontsize=8)
    axes.set(
        xlabel=say("unemployed, % of the labour force", language),
        ylabel=say("vacancies, % of all posts", language),
        title=say("Beveridge curve", language),
    )
    axes.margins(0.12)
    _signed(figure, ds, language)
    return figure


def shortage_bands(ds: xr.Dataset, by: str = "sector", variable: str = "need_gap", language: str = "en") -> Figure:
    """Draw a shortage over time for each sector or region, with the band of an ensemble.

    Parameters
    ----------
    ds : xarray.Dataset
        A forecast with ``statistic`` (`krapte_sd.run` with members) and, for bands, one region or one sector: quantiles
        do not add up, so the dimension that is not drawn must have a single label.
    by : {"sector", "region"}
        What has a panel of its own.
    variable : str
        A variable by region and sector.
    language : {"en", "nl"}
        Language of all labels.

    Returns
    -------
    matplotlib.figure.Figure
        Small panels with a common axis of years: central run and range of nine of ten members, thousand persons.

    Raises
    ------
    ParameterError
        If the dataset has no statistics, or more than one label along the other dimension.
    """
    if by not in ("sector", "region"):
        raise ParameterError(f"by={by!r}: allowed: sector, region")
    other = "region" if by == "sector" else "sector"
    if "statistic" not in ds.dims:
        raise ParameterError("the forecast has no statistics; remedy: run it with members, such as members=1000")
    if ds.sizes[other] != 1:
        raise ParameterError(
            f"quantiles do not add up over {ds.sizes[other]} labels of {other}; remedy: select one, as in "
            f"ds.isel({other}=[0])"
        )
    values = ds[variable].isel({other: 0}) / THOUSAND
    count = ds.sizes[by]
    columns = min(count, 5)
    rows = -(-count // columns)
    figure, _ = _figure(1.0, 1.0)
    figure.clear()
    figure.set_size_inches(2.1 * columns, 1.55 * rows + 0.6)
    panels = np.atleast_1d(figure.subplots(rows, columns, sharex=True)).ravel()
    named = "sector_name_nl" if language == "nl" and by == "sector" else f"{by}_name"
    names = [f"{code} {name}" for code, name in zip(ds[by].values, ds[named].values, strict=True)]
    years = ds["time"].dt.year.values
    for k, (axes, name) in enumerate(zip(panels, names, strict=False)):
        one = values.isel({by: k})
        low, high = one.sel(statistic="q05").values, one.sel(statistic="q95").values
        axes.fill_between(
            years, low, high, color=BLUE, alpha=0.25, linewidth=0, label=say("nine of ten members", language)
        )
        axes.plot(years, one.sel(statistic="central").values, color=BLUE, label=say("central run", language))
        axes.axhline(0, color="black", linewidth=0.5)
        axes.set_title(_short(name), fontsize=7)
        axes.tick_params(labelsize=7)
        axes.spines[["top", "right"]].set_visible(False)
    for axes in panels[count:]:
        axes.set_axis_off()
    title = say(f"Need gap by {by}", language) if variable == "need_gap" else str(ds[variable].attrs["long_name"])
    figure.suptitle(f"{title}, {say('thousand persons', language)}", fontsize=10)
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper right", fontsize=7, frameon=False, ncols=2)
    _signed(figure, ds, language)
    return figure


def _short(name: str, most: int = 30) -> str:
    return name if len(name) <= most else name[: most - 1] + "…"


def waterfall(table: pd.DataFrame, ds: xr.Dataset, language: str = "en", title: str | None = None) -> Figure:
    """Draw how one total becomes another, step by step.

    Parameters
    ----------
    table : pandas.DataFrame
        Columns ``step`` and ``value``, persons: the first row is the total at the start, each other row a change.
    ds : xarray.Dataset
        A forecast that the table was made of, for what stands under the figure.
    language : {"en", "nl"}
        Language of the words of the figure itself; names of steps are those of the table.
    title : str, optional
        Title.

    Returns
    -------
    matplotlib.figure.Figure
        Bars in thousand persons; the last one is the total at the end.

    Raises
    ------
    ParameterError
        If the table has other columns, fewer than two rows, or values that are not finite.
    """
    steps, values = _column(table, "step"), _numbers(table, "value") / THOUSAND
    if len(values) < 2:
        raise ParameterError("a waterfall needs a total and at least one change; found fewer than two rows")
    ends = np.cumsum(values)
    figure, axes = _figure(8.0, 0.42 * len(values) + 1.6)
    place = np.arange(len(values) + 1)
    begin = np.concatenate([[0.0], ends[:-1], [0.0]])
    width = np.concatenate([values[:1], values[1:], ends[-1:]])
    colours = [GREY, *(ORANGE if each > 0 else BLUE for each in values[1:]), GREY]
    hatches = ["", *("" if each > 0 else "//" for each in values[1:]), ""]
    for at in place:
        axes.barh(at, width[at], left=begin[at], height=0.62, color=colours[at], hatch=hatches[at], edgecolor="white")
        signed = at not in (0, len(values))
        text = f"{width[at]:+,.0f}" if signed else f"{width[at]:,.0f}"
        end = max(begin[at], begin[at] + width[at])
        axes.annotate(text, (end, at), xytext=(4, 0), textcoords="offset points", va="center", fontsize=8)
    for row in range(len(values)):
        axes.plot([ends[row]] * 2, [row, row + 1], color="#888888", linewidth=0.6)
    axes.set_yticks(place, [*steps, say("total", language)], fontsize=8)
    axes.invert_yaxis()
    axes.margins(x=0.1)
    axes.set(xlabel=say("thousand persons", language), title=title or say("From one to the other", language))
    _signed(figure, ds, language)
    return figure


def decomposition(table: pd.DataFrame, ds: xr.Dataset, language: str = "en", title: str | None = None) -> Figure:
    """Draw the parts of a total over time.

    Parameters
    ----------
    table : pandas.DataFrame
        Columns ``year``, ``part`` and ``value``, persons; parts may be below zero.
    ds : xarray.Dataset
        A forecast that the table was made of, for what stands under the figure.
    language : {"en", "nl"}
        Language of the words of the figure itself; names of parts are those of the table.
    title : str, optional
        Title.

    Returns
    -------
    matplotlib.figure.Figure
        Stacked bars by year, thousand persons, parts above and below zero apart, and their sum as a line.

    Raises
    ------
    ParameterError
        If the table has other columns, a part or year twice, or values that are not finite.
    """
    _numbers(table, "value")
    years, parts = _column(table, "year"), _column(table, "part")
    if len(set(zip(years, parts, strict=True))) < len(years):
        raise ParameterError("a part stands twice in one year; remedy: add such rows up")
    wide = table.pivot(index="year", columns="part", values="value").fillna(0.0) / THOUSAND
    wide = wide[list(dict.fromkeys(parts))]
    if wide.shape[1] > len(_COLOURS):
        raise ParameterError(f"{wide.shape[1]} parts; at most {len(_COLOURS)} can be told apart; remedy: add some up")
    figure, axes = _figure(8.2, 4.2)
    above, below = np.zeros(len(wide)), np.zeros(len(wide))
    for (name, values), colour, hatch in zip(wide.items(), _COLOURS, _HATCHES, strict=False):
        found = values.to_numpy()
        bottom = np.where(found >= 0, above, below)
        axes.bar(
            wide.index, found, bottom=bottom, width=0.8, color=colour, hatch=hatch, edgecolor="white", label=str(name)
        )
        above += np.maximum(found, 0)
        below += np.minimum(found, 0)
    axes.plot(wide.index, wide.sum(axis=1), color="black", marker="o", markersize=3, label=say("total", language))
    axes.axhline(0, color="black", linewidth=0.7)
    axes.set(ylabel=say("thousand persons", language), title=title or say("Decomposition", language))
    axes.legend(frameon=False, fontsize=8, loc="center left", bbox_to_anchor=(1.0, 0.5))
    _signed(figure, ds, language)
    return figure


def _column(table: pd.DataFrame, name: str) -> list[Any]:
    if name not in table.columns:
        raise ParameterError(f"the table has no column '{name}'; found: {', '.join(map(str, table.columns))[:200]}")
    return list(table[name])


def _numbers(table: pd.DataFrame, name: str) -> np.ndarray:
    try:
        values = np.asarray(_column(table, name), dtype=float)
    except (TypeError, ValueError) as error:
        raise ParameterError(f"column '{name}': not all are numbers ({error})") from error
    if not np.isfinite(values).all():
        raise ParameterError(f"column '{name}': {int((~np.isfinite(values)).sum())} values are not finite")
    return values
