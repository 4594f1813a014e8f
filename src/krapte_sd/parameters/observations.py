"""The published figures behind the model, as tidy tables with their sources.

Observations are what has been measured or published: workers, vacancies, hours,
output, forecasts of others. The model never reads them while it runs; parameters
are derived from them, and the backtest compares with them. They lie in
``parameters/observations/``, one table and one metadata file per theme.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from krapte_sd.errors import FileError, ParameterError, UnitError, nearest
from krapte_sd.parameters.codes import FIXED_CODES, NAME, STATUSES
from krapte_sd.parameters.locate import parameters_folder
from krapte_sd.parameters.metadata import Source
from krapte_sd.parameters.problems import Problems, listed
from krapte_sd.parameters.strict_yaml import YamlDocument, read_yaml
from krapte_sd.parameters.units import normalise

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Observations", "SeriesInfo", "read_observations"]

DIMENSIONS: Final = ("region", "sector", "sex", "age", "period")
COLUMNS: Final = ("series", *DIMENSIONS, "value", "status", "source")

_NUMBER: Final = re.compile(r"-?[0-9]+(\.[0-9]+)?(e[+-][0-9]{2})?\Z", re.ASCII)
_ONE_PERIOD: Final = r"(1[89]|2[01])[0-9]{2}(Q[1-4]|-(0[1-9]|1[0-2]))?"
_PATTERNS: Final[dict[str, tuple[re.Pattern[str], str]]] = {
    "region": (re.compile(r"[A-Z][A-Za-z0-9_\-]*\Z", re.ASCII), "a code such as NL"),
    "sector": (
        re.compile(r"([A-U](-[A-U])?|unknown)?\Z", re.ASCII),
        "a section A to U, a group such as B-E, A-U, unknown, or empty",
    ),
    "sex": (re.compile(r"(female|male|total)?\Z", re.ASCII), "female, male, total, or empty"),
    "age": (
        re.compile(r"([0-9]{1,3}([+]|-[0-9]{1,3})?)?\Z", re.ASCII),
        "an age such as 66, a band such as 15-24 or 65+, or empty",
    ),
    "period": (
        re.compile(rf"({_ONE_PERIOD}(/{_ONE_PERIOD})?)?\Z", re.ASCII),
        "a year 2023, quarter 2023Q4, month 2024-04, a span of two of them 2026/2040, or empty",
    ),
}
_ON_1_JANUARY: Final = ("residents_by_age", "residents_surplus")
"""Series whose month ``01`` is 1 January: they are known at a start on that day."""

# Published figures also come per quarter and week and in percent, which parameters may not.
_MORE_UNITS: Final = re.compile(r"\b(percent|week|quarter)\b")


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True, coerce_numbers_to_str=True)


class SeriesInfo(_Strict):
    """What is known about one series apart from its figures.

    Attributes
    ----------
    unit : str
        E.g. ``person``, ``vacancy/quarter``, ``percent``.
    definition : str
        What is counted.
    """

    unit: str = Field(min_length=1)
    definition: str = Field(min_length=1)

    @field_validator("unit")
    @classmethod
    def _unit(cls, unit: str) -> str:
        try:
            normalise(_MORE_UNITS.sub("dmnl", unit))
        except UnitError as error:
            raise ValueError(f"{error} (observations may also be in percent and per week or quarter)") from None
        return unit


class _Theme(_Strict):
    title: str = Field(min_length=1)
    description: str = Field(min_length=1)
    sources: Mapping[str, Source]
    series: Mapping[str, SeriesInfo]

    @field_validator("sources", "series")
    @classmethod
    def _names(cls, entries: Mapping[str, object]) -> Mapping[str, object]:
        for name in entries:
            if not NAME.match(name):
                raise ValueError(f"'{name[:60]}' is not a name; allowed: lower-case letters, digits and _")
        return entries


@dataclass(frozen=True)
class Observations:
    """All observed series.

    Attributes
    ----------
    table : pandas.DataFrame
        Every figure: `theme`, `series`, `region`, `sector`, `sex`, `age`, `period` (text), `value` (float, in the
        unit of the series), `status` and `source`.
    info : mapping of str to SeriesInfo
        Unit and definition by name of series.
    sources : pandas.DataFrame
        By theme and source key: citation, table, vintage, licence, note.

    Examples
    --------
    >>> observations = read_observations()
    >>> observations.value("open_vacancies_adjusted", period="2023Q4")
    410400.0
    """

    table: pd.DataFrame
    info: Mapping[str, SeriesInfo]
    sources: pd.DataFrame

    @property
    def names(self) -> tuple[str, ...]:
        """Names of all series, in alphabetical order."""
        return tuple(sorted(self.info))

    def unit(self, name: str) -> str:
        """Return the unit of a series.

        Raises
        ------
        ParameterError
            If there is no such series.
        """
        self._known(name)
        return self.info[name].unit

    def series(self, name: str, **filters: str | int | Iterable[str | int]) -> pd.DataFrame:
        """Return the figures of one series.

        Parameters
        ----------
        name : str
            Name of the series.
        **filters : str, int or iterable of them
            Wanted codes by dimension (`region`, `sector`, `sex`, `age`, `period`), e.g. ``sector="F"``,
            ``period=[2022, 2023]``. An empty text asks for figures without that dimension.

        Returns
        -------
        pandas.DataFrame
            Columns `region`, `sector`, `sex`, `age`, `period`, `value`, `status`, `source`, in the order of the table;
            at least one row. A copy.

        Raises
        ------
        ParameterError
            If the series or a dimension is unknown, or a wanted code or the combination has no figure.
        """
        self._known(name)
        found = self.table[self.table["series"] == name]
        problems: list[str] = []
        wanted: dict[str, list[str]] = {}
        for dimension, given in filters.items():
            if dimension not in DIMENSIONS:
                allowed = ", ".join(DIMENSIONS)
                problems.append(f"unknown dimension '{dimension}'; allowed: {allowed}{nearest(dimension, DIMENSIONS)}")
                continue
            codes = [str(given)] if isinstance(given, str | int) else [str(code) for code in given]
            present = list(dict.fromkeys(found[dimension]))
            for code in codes:
                if code not in present:
                    shown = listed(each or "(empty)" for each in present)
                    problems.append(f"no {dimension} '{code}'; there is: {shown}{nearest(code, filter(None, present))}")
            wanted[dimension] = codes
        if problems:
            raise ParameterError.collect(f"observed series '{name}'", problems)
        for dimension, codes in wanted.items():
            found = found[found[dimension].isin(codes)]
        if found.empty:
            asked = ", ".join(f"{dimension} {'/'.join(codes)}" for dimension, codes in wanted.items())
            text = f"observed series '{name}': no figure for {asked}; each of these exists, but not together"
            raise ParameterError(text)
        return found[[*DIMENSIONS, "value", "status", "source"]].reset_index(drop=True)

    def value(self, name: str, **filters: str | int) -> float:
        """Return one figure.

        Parameters
        ----------
        name : str
            Name of the series.
        **filters : str or int
            Code by dimension, as many as it takes to leave one figure.

        Returns
        -------
        float
            In the unit of the series.

        Raises
        ------
        ParameterError
            If there is no such figure, or more than one.
        """
        found = self.series(name, **filters)
        if len(found) > 1:
            open_ = [d for d in DIMENSIONS if found[d].nunique() > 1]
            choices = "; ".join(f"{d}: {listed(v or '(empty)' for v in dict.fromkeys(found[d]))}" for d in open_)
            raise ParameterError(f"observed series '{name}': {len(found)} figures, one wanted; choose {choices}")
        return float(found["value"].iloc[0])

    def before(self, year: int) -> Observations:
        """Return what is about the years before 1 January of a year; all later figures are gone.

        Parameters
        ----------
        year : int
            Of a span of two periods the last one counts. Figures without a period stay.

        Returns
        -------
        Observations
            With the same series; one without earlier figures is empty.
        """
        last = self.table["period"].str.findall(r"(?:18|19|20|21)[0-9]{2}").str[-1].fillna("0").astype(int)
        first_day = self.table["period"] == f"{year}-01"
        stocks = self.table["series"].isin(_ON_1_JANUARY)
        return replace(self, table=self.table[(last < year) | (first_day & stocks)].reset_index(drop=True))

    def _known(self, name: str) -> None:
        if name not in self.info:
            hint = nearest(name, self.info) or f"; there are {len(self.info)}, see Observations.names"
            raise ParameterError(f"unknown observed series '{name}'{hint}")


def read_observations(folder: Path | str | None = None) -> Observations:
    """Read and check all observed series.

    Parameters
    ----------
    folder : Path or str, optional
        Folder with the tables and metadata files; the shipped one if not given.

    Returns
    -------
    Observations
        All figures with their sources.

    Raises
    ------
    FileError
        If the folder, or one file of a pair, is missing or is not UTF-8 text.
    ParameterError
        If a table or its metadata is not valid; names every problem with its file and row.
    """
    import pandas as pd

    place = parameters_folder() / "observations" if folder is None else Path(folder)
    problems = Problems()
    columns: dict[str, list[str]] = {column: [] for column in ("theme", *COLUMNS)}
    info: dict[str, SeriesInfo] = {}
    sources: list[dict[str, str]] = []
    home: dict[str, str] = {}
    for theme in _themes(place):
        meta = _read_theme(_text(place / f"{theme}.yaml"), f"{theme}.yaml", problems)
        cells = _read_cells(_text(place / f"{theme}.csv"), f"{theme}.csv", problems)
        if meta is None or cells is None:
            continue
        described, document = meta
        _check_rows(cells, described, f"{theme}.csv", problems)
        _check_use(cells, described, document, f"{theme}.yaml", problems)
        for name, entry in described.series.items():
            if name in home:
                where = f"{theme}.yaml:{document.line(('series', name))}:{name}"
                problems.add(where, f"the series is also in {home[name]}.yaml", remedy="rename one of the two")
            home[name], info[name] = theme, entry
        for key, source in described.sources.items():
            sources.append({"theme": theme, "key": key} | source.model_dump())
        columns["theme"] += [theme] * len(cells["series"])
        for column in COLUMNS:
            columns[column] += cells[column]
    problems.raise_if_any(f"observations in {place.name}")
    table = pd.DataFrame(columns)
    table["value"] = table["value"].astype(float)
    return Observations(table, info, pd.DataFrame(sources).set_index(["theme", "key"]))


def _themes(place: Path) -> list[str]:
    if not place.is_dir():
        raise FileError(f"the folder of observations was not found: {place}")
    tables = {path.stem for path in place.glob("*.csv")}
    described = {path.stem for path in place.glob("*.yaml")}
    alone = sorted({f"{name}.csv" for name in tables - described} | {f"{name}.yaml" for name in described - tables})
    if alone:
        raise FileError.collect(
            f"observations in {place.name}",
            [f"{name}: the other file of the pair (csv and yaml) is missing" for name in alone],
        )
    if not tables:
        raise FileError(f"no observations in {place}; expected pairs of a csv and a yaml file")
    return sorted(tables)


def _text(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8")
    except UnicodeDecodeError as error:
        raise FileError(f"{path.name}: not UTF-8 text at byte {error.start}") from None


def _read_theme(text: str, file: str, problems: Problems) -> tuple[_Theme, YamlDocument] | None:
    document = read_yaml(text, file, problems)
    if document is None:
        return None
    try:
        return _Theme.model_validate(document.data), document
    except ValidationError as error:
        for item in error.errors(include_url=False):
            path = tuple(item["loc"])
            what = f"'{'.'.join(str(part) for part in path)}': {item['msg'].removeprefix('Value error, ')}"
            problems.add(f"{file}:{document.line(path)}", what)
        return None


def _read_cells(text: str, file: str, problems: Problems) -> dict[str, list[str]] | None:
    # The tables are written by the carry step and hold no text with commas: quotes are not needed and not allowed.
    lines = text.removesuffix("\n").split("\n")
    if lines[0].split(",") != list(COLUMNS):
        problems.add(f"{file}:1", "wrong columns", found=lines[0], allowed=",".join(COLUMNS), match=())
        return None
    rows = [line.split(",") for line in lines[1:]]
    wrong = [number for number, row in enumerate(rows) if len(row) != len(COLUMNS)]
    for number in wrong:
        problems.add(f"{file}:{number + 2}", f"not {len(COLUMNS)} cells", found=lines[number + 1])
    if not rows:
        problems.add(f"{file}:2", "the table has no rows")
    if wrong or not rows:
        return None
    return {column: list(cells) for column, cells in zip(COLUMNS, zip(*rows, strict=True), strict=True)}


def _check_rows(cells: Mapping[str, Sequence[str]], theme: _Theme, file: str, problems: Problems) -> None:
    vocabularies = {"series": tuple(theme.series), "source": tuple(theme.sources), "status": STATUSES}
    for column in COLUMNS:
        rows: dict[str, list[int]] = {}
        for number, cell in enumerate(cells[column]):
            rows.setdefault(cell, []).append(number + 2)
        for cell, where in rows.items():
            place, more = f"{file}:{where[0]}:{column}", len(where) - 1
            if column == "value":
                if not _NUMBER.match(cell) or not math.isfinite(float(cell)):
                    problems.add(place, "not a finite number", found=cell, more=more)
            elif column in vocabularies:
                if cell not in vocabularies[column]:
                    problems.add(place, f"unknown {column}", found=cell, allowed=vocabularies[column], more=more)
            else:
                pattern, allowed = _PATTERNS[column]
                if not pattern.match(cell):
                    match = FIXED_CODES.get(column, ())
                    problems.add(
                        place,
                        f"not {'an' if column == 'age' else 'a'} {column}",
                        found=cell,
                        allowed=allowed,
                        match=match,
                        more=more,
                    )
    first: dict[tuple[str, ...], int] = {}
    keys = zip(*(cells[column] for column in ("series", *DIMENSIONS)), strict=True)
    for number, key in enumerate(keys):
        if key in first:
            problems.add(f"{file}:{number + 2}", f"the same figure as in row {first[key]}", found=",".join(key))
        first.setdefault(key, number + 2)


def _check_use(
    cells: Mapping[str, Sequence[str]], theme: _Theme, document: YamlDocument, file: str, problems: Problems
) -> None:
    """Report series without figures and sources nobody refers to: leftovers of a renaming."""
    used = {"series": set(cells["series"]), "sources": set(cells["source"])}
    described: dict[str, Iterable[str]] = {"series": theme.series, "sources": theme.sources}
    for kind, names in described.items():
        for name in names:
            if name not in used[kind]:
                what = "no figure in the table" if kind == "series" else "no figure refers to this source"
                problems.add(
                    f"{file}:{document.line((kind, name))}:{name}", what, remedy="delete the entry, or add figures"
                )
