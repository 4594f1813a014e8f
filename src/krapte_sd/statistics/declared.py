"""Which figures come from which table: ``parameters/statistics/tables.yaml``, read and checked.

The list is data. To follow an office that renames a table or a column, edit the list, not the code.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from krapte_sd.errors import FileError, ParameterError, nearest
from krapte_sd.parameters.codes import NAME
from krapte_sd.parameters.locate import parameters_folder
from krapte_sd.parameters.problems import Problems, listed
from krapte_sd.parameters.strict_yaml import read_yaml

__all__ = ["Figures", "Office", "Table", "Tables", "declared"]

FILE: Final = "statistics/tables.yaml"
PERIOD: Final = "period"


def _inside(path: str) -> str:
    """Refuse names of files that lead out of the folder of parameters."""
    if not all(NAME.match(part) for part in path.split("/")):
        raise ValueError(f"'{path[:60]}' is not a table of a folder of parameters, such as observations/vacancies")
    return path


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, coerce_numbers_to_str=True)


class Office(_Strict):
    """A statistics office.

    Attributes
    ----------
    name : str
        As it is cited.
    protocol : {"odata", "jsonstat"}
        How it answers.
    url : str
        Address before the name of a table.
    licence : str
        Of its figures.
    """

    name: str = Field(min_length=1)
    protocol: Literal["odata", "jsonstat"]
    url: str = Field(pattern=r"^https?://[^/]+/.*[^/]$")
    licence: str = Field(min_length=1)


class Figures(_Strict):
    """The figures of one parameter or series in a table.

    Attributes
    ----------
    file : str
        Table of parameters they stand in, without ending, such as ``observations/vacancies``.
    column : str
        Column of the answer that holds the values; JSON-stat has only ``value``.
    where : mapping of str to str
        The rows to take: wanted code by column.
    factor : float
        Our unit is the unit of the office times this.
    period : {"year", "quarter", "december"}
        What a period is; ``december``: figures of December under the year.
    sources : tuple of str
        Keys of the sources whose figures are replaced.
    """

    file: Annotated[str, AfterValidator(_inside)]
    column: str = "value"
    where: Mapping[str, str] = {}
    factor: float = Field(gt=0, allow_inf_nan=False)
    period: Literal["year", "quarter", "december"]
    sources: tuple[str, ...] = Field(min_length=1)


class Table(_Strict):
    """A table of an office.

    Attributes
    ----------
    office, table, title : str
        Key of the office, identifier and official title.
    columns : mapping of str to str
        Our dimension by column; empty for one that is only used to choose rows.
    codes : mapping of str to str
        Name of the list of codes by dimension.
    fixed : mapping of str to str
        Codes that hold for the whole table, by dimension.
    query : mapping of str to str
        Added to the address.
    figures : mapping of str to Figures
        By name of the parameter or series.
    """

    office: str
    table: str = Field(pattern=r"^[A-Za-z0-9_]+$")
    title: str = Field(min_length=1)
    columns: Mapping[str, str]
    codes: Mapping[str, str] = {}
    fixed: Mapping[str, str] = {}
    query: Mapping[str, str] = {}
    figures: Mapping[str, Figures] = Field(min_length=1)

    @model_validator(mode="after")
    def _consistent(self) -> Table:
        dimensions = [name for name in self.columns.values() if name]
        if dimensions.count(PERIOD) != 1:
            raise ValueError("one of the columns must be the period")
        for name in dimensions:
            if name != PERIOD and name not in self.codes:
                raise ValueError(f"no list of codes for the dimension '{name}'")
        for key, figures in self.figures.items():
            unknown = [column for column in figures.where if column not in self.columns]
            if unknown:
                raise ValueError(f"'{key}' chooses by '{unknown[0]}', which is not among the columns")
        return self


class Tables(_Strict):
    """The whole list.

    Attributes
    ----------
    offices : mapping of str to Office
    codes : mapping of str to mapping of str to str
        Our code by that of the office, by name of the list.
    tables : mapping of str to Table
        By key.
    """

    offices: Mapping[str, Office]
    codes: Mapping[str, Mapping[str, str]]
    tables: Mapping[str, Table]

    @model_validator(mode="after")
    def _known(self) -> Tables:
        home: dict[str, str] = {}
        for key, table in self.tables.items():
            if table.office not in self.offices:
                raise ValueError(f"'{key}': unknown office '{table.office}'")
            for name in table.codes.values():
                if name not in self.codes:
                    raise ValueError(f"'{key}': unknown list of codes '{name}'{nearest(name, self.codes)}")
            for name in table.figures:
                if name in home:
                    raise ValueError(f"'{name}' is taken from '{home[name]}' and from '{key}'")
                home[name] = key
        return self

    @property
    def home(self) -> dict[str, str]:
        """Key of the table by name of the parameter or series."""
        return {name: key for key, table in self.tables.items() for name in table.figures}

    def table(self, key: str) -> Table:
        """Return a table by its key.

        Raises
        ------
        ParameterError
            If there is none.
        """
        if key not in self.tables:
            raise ParameterError(f"unknown table '{key}'; allowed: {listed(self.tables)}{nearest(key, self.tables)}")
        return self.tables[key]

    def home_of(self, name: str) -> str:
        """Return the key of the table a parameter or series comes from.

        Raises
        ------
        ParameterError
            If no table is declared for it.
        """
        home = self.home
        if name not in home:
            raise ParameterError(
                f"no table of a statistics office is declared for '{name}'; allowed: {listed(sorted(home))}"
                f"{nearest(name, home)}"
            )
        return home[name]


def declared(path: Path | None = None) -> Tables:
    """Read the list of tables.

    Parameters
    ----------
    path : pathlib.Path, optional
        Default: the list that ships with the library.

    Returns
    -------
    Tables

    Raises
    ------
    FileError
        If the file cannot be read.
    ParameterError
        With everything that is wrong with it.
    """
    return _read(parameters_folder() / FILE if path is None else path)


@lru_cache(maxsize=4)
def _read(path: Path) -> Tables:
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise FileError(
            f"{path}: the list of tables cannot be read: {error}; remedy: install the package again"
        ) from error
    problems = Problems()
    document = read_yaml(text, path.name, problems)
    problems.raise_if_any(f"tables of statistics offices in {path}")
    assert document is not None  # else there was a problem
    try:
        return Tables.model_validate(document.data)
    except ValidationError as error:
        for item in error.errors(include_url=False):
            where = ".".join(str(part) for part in item["loc"])
            problems.add(f"{path.name}:{document.line(tuple(item['loc']))}", f"'{where}': {item['msg']}")
        problems.raise_if_any(f"tables of statistics offices in {path}")
        raise
