"""The page on feedback loops: what each contributes, what drives the shortage, job openings, and its pictures."""

from __future__ import annotations

import hashlib
import io
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from tools.docs.baseline import DPI, told
from tools.docs.markers import percent, refill, signed, table, tenths, thousands
from tools.docs.runs import YEARS, Outcome, Runs, total
from tools.docs.tables import above_trend

import krapte_sd as ks
from krapte_sd.forecast import WAGE_BOUND

PAGE = "docs/loops.md"
IMAGES = "docs/images/loops"
#: Need gap before the loops of this page were there, thousand persons: the one run, and the ranges.
BEFORE = {
    "The baseline": ("412", "620", "708"),
    "over closures": ("326 to 642", "447 to 1,408", "461 to 2,085"),
    "over closures with wages that react": ("326 to 642", "447 to 1,408", "461 to 2,072"),
    "over reference tightness": ("374 to 431", "540 to 671", "563 to 796"),
}
SECTORS = ("C", "F", "G", "I", "J", "M", "N", "O", "P", "Q")
LEAST = 5_000.0
"""Persons; loops that contribute less to the gap of the last year have no column of their own by section."""


class Analysis:
    """What the page is about; each part is computed once, when it is first asked for."""

    def __init__(self) -> None:
        self.runs = Runs()

    @cached_property
    def loops(self) -> Any:
        """The loops and their polarity."""
        return ks.loops()

    @cached_property
    def cut(self) -> Any:
        """Each loop cut alone."""
        return ks.knockout()

    @cached_property
    def parts(self) -> Any:
        """The change of the gap by driver."""
        return ks.decompose()

    @cached_property
    def openings(self) -> Any:
        """Job openings over five years."""
        return ks.job_openings(self.runs.baseline)

    @cached_property
    def tightness(self) -> list[Outcome]:
        """Runs with both ends of the reference tightness."""
        ends = [getattr(self.runs.parameters, end)("reference_tightness") for end in ("low", "high")]
        return [self.runs.outcome("", {"reference_tightness": each}) for each in ends]

    def contribution(self, switch: str, year: int, name: str = "need_gap") -> float:
        """What a loop adds to the gap of the country on 1 January of a year."""
        return float(self.cut[f"{name}_contribution"].sel(loop=switch, time=f"{year}-01-01").sum())

    def part(self, driver: str, year: int, name: str = "need_gap") -> float:
        """What a driver adds to the gap of the country since the start."""
        return float(self.parts[name].sel(driver=driver, time=f"{year}-01-01").sum())


def loop_list(found: Analysis) -> str:
    """The loops, what they do, and the way they run."""
    rows = []
    for each in found.loops.to_dict("records"):
        names = [name.split(" ")[0].replace("_", " ") for name in each["variables"].split("-> ") if name]
        way = " → ".join(names[:-1]) if len(names) <= 9 else " → ".join([*names[:4], "…", *names[-5:-1]])
        polarity = each["polarity"] if each["agrees"] else f"**{each['polarity']}** (declared {each['declared']})"
        rows.append([f"`{each['switch']}`", each["loop"], each["what_it_does"], polarity, way])
    return table(["Switch", "Loop", "What it does", "Polarity", "Shortest way around"], rows, left=5)


def knockout(found: Analysis) -> str:
    """What each loop contributes to the gap, the largest first; and wages with it cut."""
    order = sorted(found.loops["switch"], key=lambda s: -abs(found.contribution(s, YEARS[-1])))
    names = dict(zip(found.loops["switch"], found.loops["loop"], strict=True))
    rows = []
    for switch in order:
        split = [signed(found.contribution(switch, YEARS[-1], f"{n}_shortage")) for n in ("structural", "suppressed")]
        wage = float(found.cut["mean_wage_pressure"].sel(loop=switch, time=f"{YEARS[-1]}-01-01"))
        rows.append([names[switch], *(signed(found.contribution(switch, y)) for y in YEARS), *split, above_trend(wage)])
    last = YEARS[-1]
    head = [
        "Loop",
        *map(str, YEARS),
        f"{last}: structural",
        f"{last}: suppressed",
        f"wage above trend {last} without, %",
    ]
    return table(head, rows)


def knockout_sectors(found: Analysis) -> str:
    """What the larger loops contribute by section in the last year."""
    last = YEARS[-1]
    chosen = [s for s in found.loops["switch"] if abs(found.contribution(s, last)) >= LEAST]
    chosen = sorted(chosen, key=lambda s: -abs(found.contribution(s, last)))
    names = dict(zip(found.loops["switch"], found.loops["loop"], strict=True))
    gap = found.cut["need_gap_contribution"].sel(time=f"{last}-01-01")
    rest = [s for s in gap["sector"].values if s not in SECTORS]
    rows = []
    for switch in chosen:
        each = gap.sel(loop=switch)
        cells = [tenths(float(each.sel(sector=s))) for s in SECTORS]
        rows.append([names[switch], *cells, tenths(float(each.sel(sector=rest).sum()))])
    return table(["Loop", *SECTORS, "others"], rows)


def decomposition(found: Analysis) -> str:
    """The change of need, posts filled and gap by driver."""
    ds = found.parts
    rows = []
    for driver, label in zip(ds["driver"].values, ds["driver_name"].values, strict=True):
        gap = [signed(found.part(driver, y)) for y in YEARS]
        split = [signed(found.part(driver, YEARS[-1], name)) for name in ("labour_needed", "filled_posts")]
        rows.append([str(label), *gap, *split])
    whole = [f"**{signed(float(ds['whole'].sel(time=f'{y}-01-01').sum()))}**" for y in YEARS]
    ends = [signed(float(ds[n].sel(time=f"{YEARS[-1]}-01-01").sum())) for n in ("labour_needed", "filled_posts")]
    rows.append(["**Together: change of the need gap**", *whole, *ends])
    return table(["Driver", *map(str, YEARS), f"need {YEARS[-1]}", f"posts filled {YEARS[-1]}"], rows)


def decomposition_sectors(found: Analysis) -> str:
    """The change of the gap of the last year by driver and section."""
    ds = found.parts["need_gap"].sel(time=f"{YEARS[-1]}-01-01")
    rest = [s for s in ds["sector"].values if s not in SECTORS]
    rows = []
    for driver, label in zip(ds["driver"].values, ds["driver_name"].values, strict=True):
        each = ds.sel(driver=driver)
        cells = [tenths(float(each.sel(sector=s))) for s in SECTORS]
        rows.append([str(label), *cells, tenths(float(each.sel(sector=rest).sum()))])
    whole = ds.sum("driver")
    cells = [tenths(float(whole.sel(sector=s))) for s in SECTORS]
    rows.append(["**Together**", *cells, tenths(float(whole.sel(sector=rest).sum()))])
    return table(["Driver", *SECTORS, "others"], rows)


def openings_periods(found: Analysis) -> str:
    """Job openings of the country by period."""
    ds = found.openings
    names = ("expansion", "replacement", "openings", "mobility", "turnover", "hires", "substitution")
    rows = []
    for period in ds["period"].values:
        at = ds.sel(period=period)
        cells = [thousands(float(at[name].sum())) for name in names]
        share = percent(float(at["replacement"].sum() / at["openings"].sum()), 0)
        between = float(at["replacement"].sum() - at["replacement_of_country"])
        rows.append([f"{period}-{int(period) + 5}", *cells, share, thousands(between)])
    head = ["Five years", *names, "replacement, % of openings", "of replacement: moves between sections"]
    return table(head, rows)


def openings_sectors(found: Analysis) -> str:
    """Job openings by section in the first period, also per year as a share of staff."""
    ds = found.openings.isel(period=0)
    first = found.runs.baseline["employed_in_sector"].sum("region").isel(time=0)
    names = ("expansion", "replacement", "openings", "mobility", "turnover", "hires")
    rows = []
    for s, label in zip(ds["sector"].values, ds["sector_name"].values, strict=True):
        cells = [tenths(float(ds[name].sel(sector=s))) for name in names]
        share = percent(float(ds["openings"].sel(sector=s) / 5 / first.sel(sector=s)))
        rows.append([str(s), str(label), *cells, share])
    cells = [tenths(float(ds[name].sum())) for name in names]
    rows.append(["", "**All**", *cells, percent(float(ds["openings"].sum() / 5 / first.sum()))])
    return table(["", "Section", *names, "openings, % of staff a year"], rows, left=2)


def openings_later(found: Analysis) -> str:
    """Job openings by section and period."""
    ds = found.openings
    rows = []
    for s, label in zip(ds["sector"].values, ds["sector_name"].values, strict=True):
        at = ds.sel(sector=s)
        cells = [
            f"{tenths(float(at['openings'].sel(period=p)))} ({tenths(float(at['expansion'].sel(period=p)))})"
            for p in ds["period"].values
        ]
        rows.append([str(s), str(label), *cells])
    return table(["", "Section", *(f"{p}-{int(p) + 5}" for p in ds["period"].values)], rows, left=2)


def ranges(found: Analysis) -> str:
    """The need gap before and after the loops."""
    runs = found.runs
    tightness = found.tightness
    now = {
        "The baseline": [thousands(total(runs.baseline, "need_gap", y)) for y in YEARS],
        "over closures": _spread(runs.spread(runs.closures)),
        "over closures with wages that react": _spread(runs.spread([each for each in runs.closures if each.wage > 0])),
        "over reference tightness": _spread(runs.spread([runs.closures[0], *tightness])),
    }
    rows = []
    for name, before in BEFORE.items():
        rows += [[f"{name}, before", *before], [f"{name}, with the loops", *now[name]]]
    return table(["Need gap, thousand persons", *map(str, YEARS)], rows)


def _spread(ends: Any) -> list[str]:
    return [f"{thousands(a)} to {thousands(b)}" for a, b in zip(*ends, strict=True)]


def wages(found: Analysis) -> str:
    """Wages that each closure needs, and whether one can believe them."""
    rows = []
    for each in found.runs.closures:
        bound = "not plausible" if np.expm1(each.wage) >= WAGE_BOUND else "plausible"
        rows.append([each.label, thousands(each.gap[-1]), above_trend(each.wage), bound])
    return table(["Closure", f"need gap {YEARS[-1]}", "wage above trend, %", "by its wage"], rows)


def pieces(found: Analysis) -> dict[str, str]:
    """All computed pieces of the page."""
    last = YEARS[-1]
    out = {
        "loops": loop_list(found),
        "knockout": knockout(found),
        "knockout_sectors": knockout_sectors(found),
        "decomposition": decomposition(found),
        "decomposition_sectors": decomposition_sectors(found),
        "openings_periods": openings_periods(found),
        "openings_sectors": openings_sectors(found),
        "openings_later": openings_later(found),
        "ranges": ranges(found),
        "wages": wages(found),
        "wage_plausibility": str(found.runs.baseline.attrs["wage_plausibility"]),
        "loop_count": str(len(found.loops)),
    }
    counts = found.loops["polarity"].value_counts()
    out |= {kind: str(int(counts.get(kind, 0))) for kind in ("balancing", "reinforcing")}
    for year in YEARS:
        out[f"gap_{year}"] = thousands(total(found.runs.baseline, "need_gap", year))
        for switch in found.loops["switch"]:
            out[f"cut_{switch.removesuffix('_switch')}_{year}"] = signed(found.contribution(switch, year))
        for driver in found.parts["driver"].values:
            out[f"part_{driver}_{year}"] = signed(found.part(driver, year))
    for driver in found.parts["driver"].values:
        out[f"need_{driver}"] = signed(found.part(driver, last, "labour_needed"))
        out[f"filled_{driver}"] = signed(found.part(driver, last, "filled_posts"))
    return out


def draw_knockout(found: Analysis) -> Figure:
    """Contribution of each loop to the gap in three years."""
    order = sorted(found.loops["switch"], key=lambda s: found.contribution(s, YEARS[-1]))
    names = dict(zip(found.loops["switch"], found.loops["loop"], strict=True))
    figure = Figure(figsize=(8.2, 0.34 * len(order) + 1.2))
    axes = figure.subplots()
    for k, (year, colour) in enumerate(zip(YEARS, ("#bcd3e6", "#6f9fc4", "#1f5a8a"), strict=True)):
        values = [found.contribution(s, year) / 1000 for s in order]
        axes.barh(np.arange(len(order)) + 0.27 * (k - 1), values, 0.27, color=colour, label=f"1 January {year}")
    axes.set_yticks(np.arange(len(order)), [names[s] for s in order], fontsize=8)
    axes.axvline(0, color="black", linewidth=0.8)
    axes.set_xscale("symlog", linthresh=20)
    axes.set_xticks(
        [-1000, -300, -100, -20, 0, 20, 100, 300], ["−1,000", "−300", "−100", "−20", "0", "20", "100", "300"]
    )
    axes.set_xlabel("contribution to the need gap, thousand persons (evenly spaced to 20, logarithmic beyond)")
    axes.grid(axis="x", alpha=0.3)
    axes.legend(fontsize=8, loc="lower right")
    axes.set_title("What each loop adds to the need gap, or takes from it", fontsize=10)
    return figure


def draw_decomposition(found: Analysis) -> Figure:
    """Change of the gap by driver as a waterfall in three panels."""
    ds = found.parts
    figure = Figure(figsize=(9.2, 4.6))
    panels = figure.subplots(1, 3, sharey=True)
    labels = [*(str(each) for each in ds["driver_name"].values), "Change of the need gap"]
    for axes, year in zip(panels, YEARS, strict=True):
        values = np.array([found.part(driver, year) / 1000 for driver in ds["driver"].values])
        ends = np.cumsum(values)
        left = np.concatenate([[0.0], ends[:-1]])
        colours = ["#c0562b" if v > 0 else "#1f5a8a" for v in values]
        y = np.arange(len(values))
        axes.barh(y, values, left=left, color=colours)
        axes.barh(len(values), ends[-1], color="#444444")
        for k, value in enumerate([*values, ends[-1]]):
            at = max(ends[k], left[k]) if k < len(values) else ends[-1]
            axes.text(at + 4, k, signed(1000 * value), va="center", fontsize=7)
        axes.set_title(f"1 January {year}", fontsize=9)
        axes.axvline(0, color="black", linewidth=0.8)
        axes.grid(axis="x", alpha=0.3)
        low, high = min(0.0, ends.min()), max(ends.max(), left.max())
        axes.set_xlim(low - 0.05 * (high - low), high + 0.2 * (high - low))
    panels[0].set_yticks(np.arange(len(labels)), labels, fontsize=8)
    panels[0].invert_yaxis()
    panels[1].set_xlabel("thousand persons since 1 January of the first year")
    return figure


PICTURES = {"knockout": draw_knockout, "decomposition": draw_decomposition}


def checksum(found: Analysis, stem: str) -> str:
    """Checksum of the numbers drawn at four digits."""
    values = found.cut["need_gap_contribution"] if stem == "knockout" else found.parts["need_gap"]
    sums = np.ravel(values.sum("sector").values)
    return hashlib.sha256("\n".join(f"{v:.4g}" for v in sums).encode()).hexdigest()


def make(root: Path, *, write: bool) -> list[str]:
    """Compute the page and its pictures; give the names of those that were stale (and are written, if asked)."""
    found = Analysis()
    stale = refill(root, PAGE, pieces(found), write=write)
    for stem, draw in PICTURES.items():
        picture = root / IMAGES / f"{stem}.png"
        if told(picture) != checksum(found, stem):
            stale.append(f"{IMAGES}/{stem}.png")
            if write:
                data = io.BytesIO()
                metadata = {"Software": None, "Description": checksum(found, stem)}
                options: dict[str, Any] = {"dpi": DPI, "bbox_inches": "tight", "facecolor": "white"}
                draw(found).savefig(data, format="png", metadata=metadata, **options)
                picture.parent.mkdir(parents=True, exist_ok=True)
                picture.write_bytes(data.getvalue())
    return stale
