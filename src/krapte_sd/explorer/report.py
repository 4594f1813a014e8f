"""The report: one HTML file with figures, table and sources inside, for those who only read."""

from __future__ import annotations

import base64
import hashlib
import html
import io
import os
from typing import TYPE_CHECKING, Any

from krapte_sd.errors import FileError
from krapte_sd.explorer.session import SHOWN, TABLE_YEARS

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["check_page", "report", "write_report"]

_STYLE = """\
body { font-family: system-ui, sans-serif; max-width: 56rem; margin: 2rem auto; padding: 0 1rem; line-height: 1.45 }
table { border-collapse: collapse; margin: 1rem 0 } td, th { padding: .2rem .8rem; text-align: right }
td:first-child, th:first-child { text-align: left } tr:nth-child(even) { background: #f4f4f1 }
img { max-width: 100%; height: auto } pre { background: #f4f4f1; padding: .6rem; overflow-x: auto }
small, .note { color: #555 } .note { border-left: 4px solid #E69F00; padding-left: .7rem }
@media print { h2 { break-before: auto } img { break-inside: avoid } }
"""


def report(ds: xr.Dataset) -> str:
    """Make the report of a forecast.

    Parameters
    ----------
    ds : xarray.Dataset
        A forecast of a single run; regions are added up, and with several of them there is a map.

    Returns
    -------
    str
        A whole HTML page that needs nothing from outside.
    """
    from krapte_sd import plots

    figures: list[tuple[str, Any]] = [
        ("Shortage over time", plots.headline(ds)),
        ("Shortage by sector", plots.shortage_by_sector(ds, _within(ds))),
        ("Openings by sector", plots.openings(ds)),
    ]
    if "population_by_age" in ds:
        figures.append(
            ("Population and workers by age", plots.population_pyramid(ds, (_within(ds)[0], _within(ds)[-1])))
        )
    if ds.sizes["region"] > 1:
        last = _within(ds)[-1]
        figures.append(("Map", plots.tile_map(ds, "need_gap", last, relative_to="labour_needed")))
    parts = [f"<h2>{title}</h2>{_image(figure, title)}" for title, figure in figures]
    title = html.escape(str(ds.attrs["title"]))
    told = {key: str(ds.attrs[key]) for key in ("source", "model_sha256", "parameters_sha256", "solver", "step_years")}
    facts = "".join(f"<tr><td>{key}</td><td>{html.escape(value)}</td></tr>" for key, value in told.items())
    notes = html.escape(str(ds.attrs.get("policy_notes", "")))
    sources = "".join(f"<li>{html.escape(line)}</li>" for line in str(ds.attrs["references"]).splitlines())
    return f"""<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>{title}</title>
<meta name="viewport" content="width=device-width"><style>{_STYLE}</style></head><body>
<h1>{title}</h1><p>{html.escape(str(ds.attrs["summary"]))}</p>
<p class="note">{html.escape(str(ds.attrs["comment"]))}<br>Parameter values by status:
{html.escape(str(ds.attrs["parameter_status_counts"]))}.</p>
<h2>Figures of some years</h2>{_table(ds)}
{"".join(parts)}
<h2>The scenario</h2><pre>{html.escape(str(ds.attrs["scenario"]))}</pre><pre>{notes}</pre>
<h2>Sources</h2><ul>{sources}</ul><p><small>{html.escape(str(ds.attrs["license"]))}</small></p>
<h2>What was run</h2><table>{facts}</table>
</body></html>
"""


def write_report(ds: xr.Dataset, path: str | os.PathLike[str]) -> str:
    """Write the report of a forecast as one HTML file, replaced in one step.

    Returns
    -------
    str
        The SHA-256 of the file.

    Raises
    ------
    FileError
        If the name does not end in .html or the file cannot be written.
    """
    from krapte_sd.files import replace_file

    check_page(path)
    data = report(ds).encode()
    replace_file(path, data)
    return hashlib.sha256(data).hexdigest()


def check_page(path: str | os.PathLike[str]) -> None:
    """Check before the work that a page can be written at `path`.

    Raises
    ------
    FileError
        If the name does not end in .html or nothing can be written there.
    """
    from krapte_sd.files import check_target

    if not os.fspath(path).endswith(".html"):
        raise FileError(f"{path}: a report is an HTML page; let the name end in .html")
    check_target(path)


def _within(ds: xr.Dataset) -> tuple[int, ...]:
    """Give the years of tables and figures that are in the forecast."""
    there = {int(year) for year in ds["time"].dt.year.values}
    return tuple(year for year in TABLE_YEARS if year in there) or (min(there), max(there))


def _table(ds: xr.Dataset) -> str:
    years = _within(ds)
    head = "".join(f"<th>{year}</th>" for year in years)
    body = ""
    for name, label in SHOWN.items():
        total = ds[name].sum(["region", "sector"])
        cells = "".join(f"<td>{float(total.sel(time=f'{year}-01-01')) / 1000:,.0f}</td>" for year in years)
        told = str(ds[name].attrs.get("description", "")).split(";")[0]
        body += f"<tr><td>{html.escape(label)}<br><small>{html.escape(told)}</small></td>{cells}</tr>"
    return f"<table><tr><th>thousand persons on 1 January</th>{head}</tr>{body}</table>"


def _image(figure: Any, title: str) -> str:
    data = io.BytesIO()
    metadata = {"Software": None}  # the same bytes with any version of the library
    figure.savefig(data, format="png", dpi=110, bbox_inches="tight", facecolor="white", metadata=metadata)
    return f'<img alt="{html.escape(title)}" src="data:image/png;base64,{base64.b64encode(data.getvalue()).decode()}">'
