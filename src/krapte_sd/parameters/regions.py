"""Divisions of the country into regions, and the way from one to another.

A division (region set) is a table that gives a region for each municipality. Four ship with the library, in
``parameters/regions/``: ``nl``, ``province`` (12), ``corop`` (40 COROP or NUTS 3 areas) and ``arbeidsmarktregio``
(35). A caller can bring another table with the columns ``municipality,region`` and, if wanted, ``region_name``; it must
hold every municipality once. Municipalities are those of 2023 and later, by their CBS codes.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from krapte_sd.errors import FileError, ParameterError, nearest
from krapte_sd.parameters.codes import CODE
from krapte_sd.parameters.locate import parameters_folder
from krapte_sd.parameters.problems import Problems, listed

__all__ = [
    "RegionSet",
    "aggregate",
    "nests",
    "read_between",
    "read_region_set",
    "region_sets",
    "shares",
]

Floats = NDArray[np.float64]

_SETS: Final = ("nl", "province", "corop", "arbeidsmarktregio")
_COLUMNS: Final = ("municipality", "region", "region_name")


@dataclass(frozen=True)
class RegionSet:
    """One division of the country.

    Attributes
    ----------
    name : str
        Name of the division, or of the file of the caller.
    codes : tuple of str
        Codes of the regions, sorted.
    names : tuple of str
        Their names, in the order of `codes`; the code itself where the table gives none.
    municipalities : tuple of str
        CBS codes of all municipalities, sorted.
    position : numpy.ndarray
        (municipalities,) position in `codes` of the region of each municipality. Read-only.
    inhabitants : numpy.ndarray
        (municipalities,) residents on 1 January 2021, persons; the weights where divisions do not nest. Read-only.
    """

    name: str
    codes: tuple[str, ...]
    names: tuple[str, ...]
    municipalities: tuple[str, ...]
    position: NDArray[np.int64]
    inhabitants: Floats

    def __len__(self) -> int:
        return len(self.codes)

    def __repr__(self) -> str:
        return f"<RegionSet {self.name}: {len(self)} regions>"

    def positions(self, codes: Iterable[str]) -> NDArray[np.int64]:
        """Return where codes stand in `codes`.

        Raises
        ------
        ParameterError
            If some are not codes of this division; all of them in one message.
        """
        wanted = [str(code) for code in codes]
        problems = [
            f"{code}: not a region of '{self.name}'{nearest(code, self.codes)}"
            for code in dict.fromkeys(wanted)
            if code not in self.codes
        ]
        if problems:
            heading = f"regions of '{self.name}'; allowed: {listed(self.codes)}"
            raise ParameterError.collect(heading, problems)
        return np.array([self.codes.index(code) for code in wanted], np.int64)

    def members(self, code: str) -> tuple[str, ...]:
        """Return the municipalities of one region, sorted.

        Raises
        ------
        ParameterError
            If there is no such region.
        """
        at = int(self.positions([code])[0])
        return tuple(each for each, place in zip(self.municipalities, self.position, strict=True) if place == at)

    def incidence(self) -> Floats:
        """Return (regions, municipalities): one where the municipality lies in the region, else zero."""
        table = np.zeros((len(self.codes), len(self.municipalities)))
        table[self.position, np.arange(len(self.municipalities))] = 1.0
        return table


def region_sets() -> tuple[str, ...]:
    """Return the names of the divisions that ship with the library."""
    return _SETS


def read_region_set(source: str | Path = "nl", folder: str | Path | None = None) -> RegionSet:
    """Read a division of the country.

    Parameters
    ----------
    source : str or pathlib.Path
        Name of a shipped division, see `region_sets`, or a CSV file with the columns ``municipality``, ``region`` and
        perhaps ``region_name``, and one row for each municipality.
    folder : str or pathlib.Path, optional
        Folder with the shipped divisions; default: the one of the library.

    Returns
    -------
    RegionSet
        Checked and immutable.

    Raises
    ------
    ParameterError
        If a municipality is missing or stands twice, a code is unknown or belongs to a municipality that has ended, or
        a region has several names; all problems in one message, with lists.
    FileError
        If the file is missing or not UTF-8 text.

    Examples
    --------
    >>> provinces = read_region_set("province")
    >>> len(provinces), provinces.codes[0], provinces.names[0]
    (12, 'PV20', 'Groningen')
    """
    home = parameters_folder() / "regions" if folder is None else Path(folder)
    named = isinstance(source, str) and source in _SETS
    path = home / f"{source}.csv" if named else Path(source)
    if not named and not path.is_file():
        hint = nearest(str(source), _SETS)
        raise FileError(
            f"'{source}' is neither a division of the country nor a file; allowed: {', '.join(_SETS)}, or the path of "
            f"a CSV file with the columns municipality, region{hint}"
        )
    base = _rows(home / "municipalities.csv", ("municipality", "inhabitants"))
    former = _rows(home / "former_municipalities.csv", ("municipality", "successor", "until"))
    ended: dict[str, tuple[str, list[str]]] = {}
    for row in former:
        ended.setdefault(row["municipality"], (row["until"], []))[1].append(row["successor"])
    inhabitants = np.array([float(row["inhabitants"]) for row in base])
    return _division(path, str(source) if named else path.stem, [r["municipality"] for r in base], inhabitants, ended)


def _rows(path: Path, needed: Sequence[str]) -> list[dict[str, str]]:
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise FileError(f"{path}: the file cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise FileError(f"{path.name}: not UTF-8 text at byte {error.start}; remedy: save it as UTF-8") from None
    reader = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    problems = Problems()
    rows: list[dict[str, str]] = []
    try:
        header = list(reader.fieldnames or [])
        for column in needed:
            if column not in header:
                remedy = "separate the columns by commas and give the first row their names"
                problems.add(f"{path.name}:1", f"no column '{column}'", found=",".join(header), remedy=remedy)
        for row in reader:
            if None in row or None in row.values():
                problems.add(f"{path.name}:{reader.line_num}", f"the row has not the {len(header)} cells of the header")
            else:
                rows.append({key: value.strip() for key, value in row.items()})
    except csv.Error as error:
        problems.add(f"{path.name}:{reader.line_num}", f"not a CSV row: {error}")
    problems.raise_if_any(f"regions in {path.name}")
    return rows


def _division(
    path: Path,
    name: str,
    known: Sequence[str],
    inhabitants: Floats,
    ended: Mapping[str, tuple[str, list[str]]],
) -> RegionSet:
    """Check the rows of a division and bring them into the order of the municipalities."""
    problems = Problems()
    region_of: dict[str, str] = {}
    first: dict[str, int] = {}
    label: dict[str, str] = {}
    municipalities = frozenset(known)
    for number, row in enumerate(_rows(path, ("municipality", "region")), start=2):
        where, code, region = f"{path.name}:{number}", row["municipality"], row["region"]
        if code in ended:
            until, successors = ended[code]
            what = "a municipality of another vintage"
            remedy = f"it ended in {until}; give {', '.join(successors)} instead"
            problems.add(f"{where}:municipality", what, found=code, remedy=remedy)
        elif code not in municipalities:
            remedy = "give a code of CBS such as GM0363"
            problems.add(f"{where}:municipality", "unknown municipality", found=code, match=known, remedy=remedy)
        elif code in first:
            what = f"the municipality also stands in row {first[code]}"
            problems.add(f"{where}:municipality", what, found=code, remedy="delete one of the two")
        if not CODE.match(region):
            allowed = "letters, digits, _ and -"
            problems.add(f"{where}:region", "not a code of a region", found=region, allowed=allowed)
        given = row.get("region_name", "")
        if label.setdefault(region, given) != given:
            what = f"region {region} has another name above: '{label[region]}'"
            problems.add(f"{where}:region_name", what, found=given, remedy="give one name")
        first.setdefault(code, number)
        region_of.setdefault(code, region)
    missing = [code for code in known if code not in region_of]
    if missing:
        what = f"{len(missing)} of {len(known)} municipalities are missing: {listed(missing)}"
        problems.add(path.name, what, remedy="give every municipality a region")
    problems.raise_if_any(f"division '{name}' in {path.name}")
    codes = tuple(sorted(set(region_of.values())))
    position = np.array([codes.index(region_of[code]) for code in known], np.int64)
    weights = inhabitants.copy()
    position.setflags(write=False)
    weights.setflags(write=False)
    return RegionSet(name, codes, tuple(label[code] or code for code in codes), tuple(known), position, weights)


def _same_base(source: RegionSet, target: RegionSet) -> None:
    if source.municipalities != target.municipalities:
        odd = sorted(set(source.municipalities) ^ set(target.municipalities))
        raise ParameterError(
            f"the divisions '{source.name}' and '{target.name}' are of other municipalities: {listed(odd)}; "
            "remedy: read both from the same folder"
        )


def nests(source: RegionSet, target: RegionSet) -> bool:
    """Tell whether every region of `source` lies in a single region of `target`.

    Examples
    --------
    >>> nests(read_region_set("corop"), read_region_set("province"))
    True
    >>> nests(read_region_set("arbeidsmarktregio"), read_region_set("province"))
    False
    """
    _same_base(source, target)
    pairs = set(zip(source.position.tolist(), target.position.tolist(), strict=True))
    return len(pairs) == len(source.codes)


def shares(source: RegionSet, target: RegionSet) -> Floats:
    """Return how the regions of one division lie in those of another.

    Parameters
    ----------
    source, target : RegionSet
        Divisions of the same municipalities.

    Returns
    -------
    numpy.ndarray
        (source, target), share of the inhabitants of the source region who live in the target region; rows add up to
        one, and are exactly zero and one where a region lies in a single region.

    Raises
    ------
    ParameterError
        If the divisions are of other municipalities.
    """
    _same_base(source, target)
    people = np.zeros((len(source.codes), len(target.codes)))
    np.add.at(people, (source.position, target.position), source.inhabitants)
    return np.asarray(people / people.sum(axis=1, keepdims=True))


def aggregate(
    values: ArrayLike, source: RegionSet, target: RegionSet, axis: int = 0, *, divide: bool = False
) -> Floats:
    """Add the values of regions up to those of another division.

    Parameters
    ----------
    values : array_like
        Counts (not rates) by region of `source` along `axis`.
    source, target : RegionSet
        Divisions of the same municipalities.
    axis : int
        The axis of the regions.
    divide : bool
        Whether a region that lies in several regions of `target` is divided by inhabitants. Without it such a
        region is an error, because the result is an estimate and no sum.

    Returns
    -------
    numpy.ndarray
        `values` with regions of `target` along `axis`; the total is that of `values`.

    Raises
    ------
    ParameterError
        If the length along `axis` is not that of `source`, a value is not finite, or a region would have to be
        divided without `divide`.
    """
    array = np.asarray(values, np.float64)
    if not -array.ndim <= axis < array.ndim or array.shape[axis] != len(source.codes):
        raise ParameterError(
            f"values of shape {array.shape} for the {len(source.codes)} regions of '{source.name}' along axis {axis}"
        )
    if not np.isfinite(array).all():
        raise ParameterError(f"values by region of '{source.name}' that are not finite numbers")
    weights = shares(source, target)
    divided = [code for code, row in zip(source.codes, weights, strict=True) if np.count_nonzero(row) > 1]
    if divided and not divide:
        raise ParameterError(
            f"{len(divided)} regions of '{source.name}' lie in several of '{target.name}': {listed(divided)}; "
            "remedy: run on the other division, or give divide=True to divide them by inhabitants"
        )
    moved = np.moveaxis(array, axis, 0)
    out = np.zeros((len(target.codes), *moved.shape[1:]))
    for row, to in zip(moved, weights, strict=True):
        # one by one, so that a nested sum is the plain sum of its parts, in the order of the codes
        for at in np.flatnonzero(to):
            out[at] += row * to[at]
    return np.moveaxis(out, 0, axis)


def read_between(name: str, regions: RegionSet, folder: str | Path | None = None) -> Floats:
    """Read a table of values from region to region.

    Parameters
    ----------
    name : str
        ``commuting_share`` (share of the employed residents of a region who work in another, rows add up to one) or
        ``distance`` (km between residents), or the name of another table in the folder.
    regions : RegionSet
        The division; rows and columns have the order of its codes.
    folder : str or pathlib.Path, optional
        Folder with ``<name>.csv`` (columns ``region,to_region,value``); default: the one of the shipped division.

    Returns
    -------
    numpy.ndarray
        (regions, regions), residence first.

    Raises
    ------
    ParameterError
        If a pair is missing or stands twice, a code is not one of the division, or a value is not a finite number.
    FileError
        If there is no such table.

    Examples
    --------
    >>> share = read_between("commuting_share", read_region_set("province"))
    >>> bool(abs(share.sum(axis=1) - 1).max() < 1e-9)
    True
    """
    home = parameters_folder() / "regional" / regions.name / "between" if folder is None else Path(folder)
    path = home / f"{name}.csv"
    problems = Problems()
    place = {code: at for at, code in enumerate(regions.codes)}
    table = np.full((len(place), len(place)), np.nan)
    for number, row in enumerate(_rows(path, ("region", "to_region", "value")), start=2):
        where = f"{path.name}:{number}"
        unknown = [column for column in ("region", "to_region") if row[column] not in place]
        for column in unknown:
            what = f"not a region of '{regions.name}'"
            problems.add(f"{where}:{column}", what, found=row[column], allowed=regions.codes, remedy="correct the code")
        try:
            value = float(row["value"])
        except ValueError:
            value = np.nan
        if not np.isfinite(value):
            problems.add(f"{where}:value", "not a finite number", found=row["value"], remedy="give a number")
        elif not unknown:
            pair = place[row["region"]], place[row["to_region"]]
            if not np.isnan(table[pair]):
                what = "the pair stands twice"
                problems.add(where, what, found=f"{row['region']},{row['to_region']}", remedy="delete one of the two")
            table[pair] = value
    if np.isnan(table).any() and not problems:
        missing = [f"{regions.codes[a]} to {regions.codes[b]}" for a, b in np.argwhere(np.isnan(table))]
        problems.add(path.name, f"{len(missing)} pairs are missing: {listed(missing)}", remedy="give every pair")
    problems.raise_if_any(f"table '{name}' between regions of '{regions.name}'")
    return table
