"""The page of data cards: what each table of figures holds, from where, how it was made and how far it may be off.

Everything on it is read from `parameters/`: the tables and the metadata files beside them.
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tools.docs.markers import table

from krapte_sd.parameters.codes import STATUSES
from krapte_sd.parameters.problems import Problems
from krapte_sd.parameters.strict_yaml import read_yaml

PAGE = "docs/data-cards.md"
HEAD = """\
<!-- Made by `python -m tools.docs data-cards` out of parameters/. Changes belong there. -->

# Data cards

One card for each table of figures in `parameters/`: what each figure is, its unit, years, status and source, how it was
made, and what is known to be wrong with it. [Parameters](parameters.md) explains statuses and ranges and how the tables
are made; [sources and licences](data-licence.md) says on what terms the figures may be passed on.

{summary}
"""
GROUPS = (
    ("", "Tables of the national model", "The model reads these; `krapte_sd.parameters()` lists them."),
    (
        "regional/province",
        "Tables by province",
        "For runs by province: they divide the national tables. See [regions](regions.md).",
    ),
    (
        "regional/arbeidsmarktregio",
        "Tables by labour-market region",
        "For runs by labour-market region: they divide the national tables. See [regions](regions.md).",
    ),
    (
        "observations",
        "Published figures",
        "As they were published, in our units. The model never reads them while it runs: parameters are derived from "
        "them, and the [back-test](validation.md) and `krapte-sd validate` compare with them.",
    ),
)
HISTORY = """\
## Starts in the past

For starts in 2010, 2013 and 2015 the tables that depend on the start are derived again from what was published
before it. Their parameters are those of the national table of the same name, as of 1 January of the year; all others
are the national ones.
"""
OTHERS = """\
## Other files

- `regions/`: which of the 342 municipalities belongs to which region, and where people live.
- `codes/`: names of the sections, and places of the regions on a map of tiles.
- `policies/` and `scenarios/`: measures and scenarios; [policies](policies.md) shows each measure with its range,
  source and status.
- `statistics/tables.yaml`: which figures can be [refreshed](howto.md#refresh-from-cbs-and-eurostat), and from which
  table.
"""
_NO_DIMENSION = ("parameter", "series", "value", "low", "high", "distribution", "status", "source", "year", "period")


@dataclass(frozen=True)
class Theme:
    """A table and its metadata.

    Attributes
    ----------
    name : str
        Path in `parameters/`, without ending.
    data : dict
        The metadata.
    rows : list of dict
        The table, all as text.
    """

    name: str
    data: Mapping[str, Any]
    rows: Sequence[Mapping[str, str]]

    @property
    def entries(self) -> Mapping[str, Mapping[str, Any]]:
        """What is described: parameters or series."""
        found: Mapping[str, Mapping[str, Any]] = self.data.get("parameters") or self.data.get("series") or {}
        return found

    @property
    def column(self) -> str:
        """The column with their names."""
        return "parameter" if "parameters" in self.data else "series"


def read(root: Path, name: str) -> Theme:
    """Read a table and its metadata."""
    problems = Problems()
    path = root / "parameters" / f"{name}.yaml"
    document = read_yaml(path.read_text(encoding="utf-8"), path.name, problems)
    problems.raise_if_any(str(path))
    assert document is not None
    with path.with_suffix(".csv").open(encoding="utf-8", newline="") as file:
        return Theme(name, document.data, list(csv.DictReader(file)))


def themes(root: Path, folder: str) -> list[Theme]:
    """Read all tables of a folder."""
    place = root / "parameters" / folder
    names = sorted(path.stem for path in place.glob("*.csv") if path.with_suffix(".yaml").is_file())
    return [read(root, f"{folder}/{name}".lstrip("/")) for name in names]


def cell(text: object) -> str:
    """Write a text as a cell of a table."""
    plain = " ".join(str(text).split())
    for mark in ("\\", "|", "*", "$", "<", "["):
        plain = plain.replace(mark, f"\\{mark}")
    return plain


def counts(statuses: Iterable[str]) -> str:
    """Count statuses in the order of the vocabulary."""
    found = Counter(statuses)
    return ", ".join(f"{found[name]:,} {name.replace('_', ' ')}" for name in STATUSES if found[name])


def span(values: Iterable[str]) -> str:
    """Write the first and last of some years, periods or ages."""
    found = sorted({each for each in values if each}, key=lambda each: (len(each) if each.isdigit() else 0, each))
    return "" if not found else found[0] if len(found) == 1 else f"{found[0]} to {found[-1]}"


def axes(rows: Sequence[Mapping[str, str]]) -> str:
    """Say along which dimensions there are values, and how many codes each has."""
    found = []
    for name in rows[0] if rows else ():
        if name in _NO_DIMENSION:
            continue
        codes = {row[name] for row in rows} - {""}
        if codes == {"NL"} or not codes:
            continue
        whole = all(code.lstrip("-").isdigit() for code in codes)
        found.append(f"{name} {span(codes)}" if whole and len(codes) > 1 else f"{name} ({len(codes)})")
    return ", ".join(name.replace("_", " ") for name in found)


def told(entry: Mapping[str, Any]) -> str:
    """Say what a figure is, how it was made and how far it may be off."""
    parts = [cell(entry["definition"]).removesuffix(".")]
    if "method" in entry:
        parts.append(f"*Made:* {cell(entry['method']).removesuffix('.')}")
    given = entry.get("range")
    # What stands beside it anyway is not said again.
    if given and given["basis"] != "the row has its own low and high":
        kinds = {"relative": "times the value", "absolute": "added to the value", "none": ""}
        ends = "" if given["kind"] == "none" else f"{given['low']:g} to {given['high']:g} {kinds[given['kind']]}; "
        parts.append(f"*Range:* {ends}{cell(given['basis']).removesuffix('.')}")
    return ". ".join(parts) + "."


def number(text: str) -> str:
    """Write a number with four digits, large ones with commas."""
    value = float(text)
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"


def value(rows: Sequence[Mapping[str, str]]) -> str:
    """Write the value with its range, or the smallest and largest of several."""
    if len(rows) == 1:
        (row,) = rows
        ends = f" ({number(row['low'])} to {number(row['high'])})" if row.get("low") else ""
        return number(row["value"]) + ends
    found = sorted({float(row["value"]) for row in rows})
    return " to ".join(dict.fromkeys(number(str(each)) for each in (found[0], found[-1])))


def figures(theme: Theme) -> str:
    """Describe each parameter or series of a table."""
    rows = []
    for name, entry in theme.entries.items():
        own = [row for row in theme.rows if row[theme.column] == name]
        years = span(row["year" if "year" in row else "period"] for row in own)
        extent = ", ".join(filter(None, [axes(own), years]))
        size = f"{value(own)} {cell(entry['unit'])}"
        rows.append([f"`{name}`", told(entry), size, extent, counts(row["status"] for row in own)])
    made = "What it is, and how it was made" if theme.column == "parameter" else "What it is"
    return table([theme.column.capitalize(), made, "Value and unit", "By, years", "Values by status"], rows, left=5)


def sources(data: Iterable[tuple[str, Mapping[str, Any]]], used: Mapping[str, int]) -> str:
    """List sources with citation, vintage, licence and what is known to be wrong with them."""
    rows = []
    for key, source in data:
        links = " ".join(filter(None, [source.get("url"), source.get("doi") and f"doi:{source['doi']}"]))
        parts = [source["citation"], links, *(source.get(name) for name in ("table", "vintage", "accessed"))]
        cited = "; ".join(cell(each) for each in parts if each and each != "none")
        cells = [f"`{key}`", cited, cell(source.get("licence", "")), f"{used.get(key, 0):,}"]
        rows.append([*cells, cell(source.get("note", ""))])
    return table(["Source", "Citation, table, vintage", "Licence", "Values", "Known limits"], rows, left=5)


def card(theme: Theme) -> str:
    """Write the card of a table."""
    years = span(row.get("year", row.get("period", ""))[:4] for row in theme.rows)
    size = f"{len(theme.rows):,} values" + (f", {years}" if years else "")
    facts = [f"`parameters/{theme.name}.csv`: {size}; {counts(row['status'] for row in theme.rows)}."]
    if theme.data.get("licence"):
        facts.append(f"Licence: {cell(theme.data['licence'])}.")
    used = Counter(row["source"] for row in theme.rows)
    parts = [f"### {theme.data['title']}", cell(theme.data["description"]), " ".join(facts)]
    if theme.data.get("note"):
        parts.append(f"Known limits: {cell(theme.data['note'])}")
    parts += [figures(theme), sources(theme.data["sources"].items(), used)]
    return "\n\n".join(parts)


def between(root: Path, folder: str) -> str:
    """Describe the tables from region to region of a division."""
    problems = Problems()
    rows = []
    for path in sorted((root / "parameters" / folder / "between").glob("*.yaml")):
        document = read_yaml(path.read_text(encoding="utf-8"), path.name, problems)
        assert document is not None
        data = document.data
        count = len(path.with_suffix(".csv").read_text(encoding="utf-8").splitlines()) - 1
        cited = "; ".join(
            str(data["source"][key]) for key in ("citation", "vintage", "licence") if key in data["source"]
        )
        cells = [f"`{path.stem}`", cell(data["definition"]), cell(data["unit"]), f"{count:,} {data['status']}"]
        rows.append([*cells, cell(data["method"]), cell(cited)])
    problems.raise_if_any(folder)
    head = ["Table", "What it is", "Unit", "Values by status", "How it was made", "Source"]
    return "### From region to region\n\n" + table(head, rows, left=6)


def history(root: Path) -> str:
    """Describe the tables of starts in the past together."""
    origins = sorted(path.name for path in (root / "parameters" / "history").iterdir() if path.is_dir())
    found = {origin: themes(root, f"history/{origin}") for origin in origins}
    rows = []
    for origin, tables_ in found.items():
        for each in tables_:
            named = ", ".join(f"`{name}`" for name in each.entries)
            rows.append([f"`history/{origin}/{Path(each.name).name}`", named, counts(r["status"] for r in each.rows)])
    keys: dict[tuple[str, str], Mapping[str, Any]] = {}
    used: Counter[str] = Counter()
    for each in (theme for tables_ in found.values() for theme in tables_):
        used.update(row["source"] for row in each.rows)
        for key, source in each.data["sources"].items():
            keys.setdefault((key, str(source["citation"])), source)
    listed = sources(((key, source) for (key, _), source in sorted(keys.items())), used)
    return HISTORY + "\n" + table(["Table", "Parameters", "Values by status"], rows, left=3) + "\n\n" + listed


def summary(groups: Mapping[str, Sequence[Theme]]) -> str:
    """Count values by group and status."""
    rows = []
    for folder, title, _ in GROUPS:
        found = Counter(row["status"] for theme in groups[folder] for row in theme.rows)
        rows.append([title, *(f"{found[name]:,}" for name in STATUSES)])
    return table(["Values", *(name.replace("_", " ") for name in STATUSES)], rows)


def page(root: Path) -> str:
    """Write the page."""
    groups = {folder: themes(root, folder) for folder, _, _ in GROUPS}
    parts = [HEAD.format(summary=summary(groups)).rstrip()]
    for folder, title, what in GROUPS:
        parts += [f"## {title}", what, *map(card, groups[folder])]
        if (root / "parameters" / folder / "between").is_dir():
            parts.append(between(root, folder))
    return "\n\n".join([*parts, history(root).rstrip(), OTHERS.rstrip()]) + "\n"


def make(root: Path, *, write: bool) -> list[str]:
    """Make the page; give its name if it was stale (and is written, if asked)."""
    path, text = root / PAGE, page(root)
    if path.is_file() and path.read_text(encoding="utf-8") == text:
        return []
    if write:
        path.write_text(text, encoding="utf-8", newline="\n")
    return [PAGE]
