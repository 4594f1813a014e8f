"""Maps of regions: equal tiles in their rough places, or outlines that the caller brings."""

from __future__ import annotations

import csv
import json
import math
import textwrap
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from krapte_sd.errors import FileError, ParameterError, nearest
from krapte_sd.parameters.locate import parameters_folder
from krapte_sd.plots.figures import THOUSAND, _figure, _signed

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure

__all__ = ["tile_map"]

Rings = list[list[tuple[float, float]]]

TILE: Final = 0.94
"""Side of a tile; the rest is the gap."""

ADDS_UP: Final = ("person", "fte", "hour")
"""First words of the units whose values may be added over sectors, sexes and ages."""

LATITUDE: Final = 52.2
"""Of the middle of the Netherlands; degrees of longitude are shorter than those of latitude by its cosine."""


def tile_map(
    ds: xr.Dataset,
    variable: str,
    year: int,
    *,
    relative_to: str | None = None,
    outlines: str | Path | None = None,
    layout: str | Path | None = None,
) -> Figure:
    """Draw one variable by region.

    Parameters
    ----------
    ds : xarray.Dataset
        A forecast by province or labour-market region.
    variable : str
        A variable with the dimension ``region``. What also has sectors, sexes or ages is added up over them.
    year : int
        1 January of the year for stocks, the calendar year for flows.
    relative_to : str, optional
        Another variable; drawn is the first per 100 of it, both added up.
    outlines : path-like, optional
        A GeoJSON file (FeatureCollection of polygons), one feature a region with its code in any property. Without it,
        each region is a tile.
    layout : path-like, optional
        CSV file with the columns ``code,row,column`` for regions of your own; default: the shipped one for provinces
        and labour-market regions.

    Returns
    -------
    matplotlib.figure.Figure
        Thousand persons where the unit is persons, percent if `relative_to` is given, else the unit of the variable.

    Raises
    ------
    ParameterError
        If a variable does not exist, cannot be added up, has no regions, or a region has no place; all regions at once.
    FileError
        If a file cannot be read.
    """
    values, label = _values(ds, variable, year, relative_to)
    codes = [str(code) for code in ds["region"].values]
    names = dict(zip(codes, map(str, ds["region_name"].values), strict=True)) if "region_name" in ds.coords else {}
    shapes = _tiles(codes, layout) if outlines is None else _outlines(codes, Path(outlines))
    figure, axes = _figure(8.2, 8.6) if len(codes) > 15 else _figure(6.4, 6.4)
    _draw(figure, axes, shapes, dict(zip(codes, values, strict=True)), names, tiles=outlines is None)
    title = ds[variable].attrs.get("long_name", variable)
    when = f"{year}" if "year" in ds[variable].dims else f"1 January {year}"
    axes.set_title(f"{title[:1].upper()}{title[1:]}, {when}\n{label}", fontsize=11)
    _signed(figure, ds)
    return figure


def _values(ds: xr.Dataset, variable: str, year: int, relative_to: str | None) -> tuple[Any, str]:
    """Give the values by region and what they are."""
    if "region" not in ds.coords or ds.sizes.get("region", 0) < 2:
        remedy = "run with regions='province' or regions='arbeidsmarktregio'"
        raise ParameterError(f"the forecast has one region; a map needs several; remedy: {remedy}")
    value = _by_region(ds, variable, year)
    if relative_to is not None:
        below = _by_region(ds, relative_to, year)
        if not (below > 0).all():
            raise ParameterError(f"relative_to='{relative_to}': zero or less in some regions in {year}")
        return 100 * value / below, f"per 100 of {ds[relative_to].attrs.get('long_name', relative_to)}"
    unit = str(ds[variable].attrs.get("units", ""))
    if unit.split("/")[0] == "person":
        return value / THOUSAND, f"thousand {unit}s" if unit == "person" else f"thousand {unit}"
    return value, str(ds[variable].attrs.get("description", "")) if unit == "Dmnl" else unit


def _by_region(ds: xr.Dataset, name: str, year: int) -> Any:
    """Add a variable up over everything but regions."""
    if name not in ds.data_vars:
        raise ParameterError(f"'{name}' is not in the forecast{nearest(name, list(map(str, ds.data_vars)))}")
    each = ds[name]
    if "region" not in each.dims:
        raise ParameterError(f"'{name}' has no regions; its dimensions are {', '.join(map(str, each.dims))}")
    kind, label = ("year", year) if "year" in each.dims else ("time", np.datetime64(f"{year}-01-01"))
    if label not in ds[kind].values:
        there = ds["year"].values if kind == "year" else ds["time"].dt.year.values
        raise ParameterError(f"year={year}: not in the forecast; allowed: {there.min()} to {there.max()} for '{name}'")
    each = each.sel({kind: label})
    others = [dim for dim in each.dims if dim != "region"]
    unit = str(each.attrs.get("units", ""))
    if others and not unit.startswith(ADDS_UP):
        dims = ", ".join(map(str, others))
        raise ParameterError(f"'{name}' ({unit}) does not add up over {dims}; remedy: select one before drawing")
    return each.sum(others).values


def _tiles(codes: Sequence[str], layout: str | Path | None) -> dict[str, Rings]:
    """Give each region a square; the first row is in the north."""
    path = parameters_folder() / "codes" / "tiles.csv" if layout is None else Path(layout)
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.DictReader(file))
        place = {row["code"]: (int(row["row"]), int(row["column"])) for row in rows}
    except (OSError, UnicodeDecodeError) as error:
        raise FileError(f"{path}: the layout of tiles cannot be read: {error}") from error
    except (KeyError, TypeError, ValueError) as error:
        raise FileError(f"{path.name}: needs the columns code, row and column, the last two whole numbers") from error
    _all_there(codes, place, f"no tile in {path.name}", "give layout= a CSV file with the columns code,row,column")
    half = TILE / 2
    corners = ((-half, -half), (half, -half), (half, half), (-half, half))
    return {code: [[(place[code][1] + dx, -place[code][0] + dy) for dx, dy in corners]] for code in codes}


def _outlines(codes: Sequence[str], path: Path) -> dict[str, Rings]:
    """Read the polygons of a GeoJSON file."""
    try:
        features = json.loads(path.read_text(encoding="utf-8-sig"))["features"]
        found = [(dict(each.get("properties") or {}), _rings(each["geometry"])) for each in features]
    except OSError as error:
        raise FileError(f"{path}: the outlines cannot be read: {error.strerror}") from error
    except (ValueError, KeyError, TypeError, AttributeError, IndexError) as error:
        raise FileError(f"{path.name}: not a GeoJSON FeatureCollection of Polygon or MultiPolygon ({error})") from error
    properties = sorted({key for told, _ in found for key in told})
    matches = {key: sum(str(told.get(key)) in codes for told, _ in found) for key in properties}
    key = max(matches, key=lambda name: matches[name], default="")
    shapes: dict[str, Rings] = {}
    for told, rings in found:
        shapes.setdefault(str(told.get(key)), []).extend(rings)
    told_properties = ", ".join(properties) or "none"
    _all_there(codes, shapes, f"no outline in {path.name} (properties: {told_properties})", "outlines of this division")
    corners = np.array([point for code in codes for ring in shapes[code] for point in ring])
    if np.abs(corners).max() <= 180:  # degrees; the Dutch grid is in metres
        shrink = math.cos(math.radians(LATITUDE))
        return {code: [[(x * shrink, y) for x, y in ring] for ring in shapes[code]] for code in codes}
    return {code: shapes[code] for code in codes}


def _rings(geometry: Mapping[str, Any]) -> Rings:
    kinds = {"Polygon": [geometry["coordinates"]], "MultiPolygon": geometry["coordinates"]}
    if geometry["type"] not in kinds:
        raise ValueError(f"geometry of type {geometry['type']}")
    return [[(float(p[0]), float(p[1])) for p in ring] for polygon in kinds[geometry["type"]] for ring in polygon]


def _all_there(codes: Sequence[str], place: Mapping[str, Any], what: str, remedy: str) -> None:
    missing = [f"{code}: {what}{nearest(code, list(place))}" for code in codes if code not in place]
    if missing:
        raise ParameterError.collect(f"map of {len(codes)} regions; remedy: {remedy}", missing)


def _draw(
    figure: Figure,
    axes: Any,
    shapes: Mapping[str, Rings],
    values: Mapping[str, float],
    names: Mapping[str, str],
    *,
    tiles: bool,
) -> None:
    from matplotlib import colormaps
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import Normalize
    from matplotlib.patches import PathPatch
    from matplotlib.path import Path as Outline

    low, high = min(values.values()), max(values.values())
    signed = low < 0 < high
    most = max(abs(low), abs(high))
    scale = Normalize(-most, most) if signed else Normalize(low, high)
    colours = colormaps["PuOr" if signed else "Blues"]
    digits = 0 if most >= 100 else 1
    for code, rings in shapes.items():
        colour = colours(scale(values[code]))
        outline = Outline.make_compound_path(*(Outline([*ring, ring[0]], closed=True) for ring in rings))
        axes.add_patch(PathPatch(outline, facecolor=colour, edgecolor="white", linewidth=0.8))
        largest = np.array(max(rings, key=len))
        x, y = (largest.min(axis=0) + largest.max(axis=0)) / 2
        bright = 0.299 * colour[0] + 0.587 * colour[1] + 0.114 * colour[2] > 0.55
        ink = "black" if bright else "white"
        name = (
            "\n".join(textwrap.wrap(names.get(code, code).replace("/", "/ "), 12, break_long_words=False))
            if tiles
            else ""
        )
        size = 6.4 if len(shapes) > 15 else 8.5
        if tiles:
            axes.text(x, y + 0.14, name, ha="center", va="center", fontsize=size, color=ink, linespacing=0.95)
        at = y - 0.29 if tiles else y
        axes.text(
            x,
            at,
            f"{round(values[code], digits) + 0.0:,.{digits}f}",
            ha="center",
            va="center",
            fontsize=size + 2,
            color=ink,
        )
    axes.autoscale_view()
    axes.set_aspect("equal")
    axes.set_axis_off()
    figure.colorbar(ScalarMappable(scale, colours), ax=axes, shrink=0.4, aspect=25, location="bottom", pad=0.01)
