"""What the metadata file of a theme says: units, definitions, sources, ranges.

The classes are immutable; `read_metadata` turns a YAML text into a `Theme` and
reports everything that is wrong with it, each with its line.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from krapte_sd.errors import UnitError
from krapte_sd.parameters.codes import CODE, DIMENSIONS, NAME
from krapte_sd.parameters.problems import Problems
from krapte_sd.parameters.strict_yaml import YamlDocument, read_yaml
from krapte_sd.parameters.units import normalise

__all__ = ["Ages", "LoopMeta", "ParameterMeta", "Range", "Source", "Theme", "read_metadata"]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True, coerce_numbers_to_str=True)


class Source(_Strict):
    """Where figures come from.

    Attributes
    ----------
    citation : str
        Full reference.
    table, vintage, licence, url, doi, accessed, note : str
        Further particulars, empty if there are none.
    """

    citation: str = Field(min_length=1)
    table: str = ""
    vintage: str = ""
    licence: str = ""
    url: str = ""
    doi: str = ""
    accessed: str = ""
    note: str = ""


class Range(_Strict):
    """The range of a parameter where the table gives no cells for it.

    Attributes
    ----------
    kind : {"relative", "absolute", "none"}
        ``relative``: low and high are factors of the value; ``absolute``: they are added to it
        (so `low` is usually negative); ``none``: the parameter has no range.
    low, high : float or None
        Both or, for ``none``, neither.
    basis : str
        Why this range, or why there is none.
    """

    kind: Literal["relative", "absolute", "none"]
    low: float | None = Field(default=None, allow_inf_nan=False)
    high: float | None = Field(default=None, allow_inf_nan=False)
    basis: str = Field(min_length=1)

    @model_validator(mode="after")
    def _check(self) -> Range:
        if self.kind == "none":
            if self.low is not None or self.high is not None:
                raise ValueError("a range of kind none has no low and high")
            return self
        if self.low is None or self.high is None:
            raise ValueError(f"a range of kind {self.kind} needs low and high")
        neutral = 1.0 if self.kind == "relative" else 0.0
        if not self.low <= neutral <= self.high:
            raise ValueError(
                f"low <= {neutral:g} <= high does not hold for low {self.low:g} and high {self.high:g} ({self.kind})"
            )
        if self.kind == "relative" and self.low < 0:
            raise ValueError("a relative range cannot change the sign: low must be at least 0")
        return self


class Ages(_Strict):
    """What holds outside the ages of a table; without it ages outside are an error.

    Attributes
    ----------
    below, above : {"zero", "hold"} or None
        ``zero``: nothing there; ``hold``: the value of the lowest or highest age.
    """

    below: Literal["zero", "hold"] | None = None
    above: Literal["zero", "hold"] | None = None


class LoopMeta(_Strict):
    """What is declared about the feedback loop that a switch cuts; what it does is the definition of the parameter.

    Attributes
    ----------
    label, label_nl : str
        Its name, English and Dutch.
    polarity : {"balancing", "reinforcing", "none"}
        What it is expected to be; ``none``: a link that closes no loop.
    via : tuple of str
        Variables it must pass, where several loops go through the switched link.
    """

    label: str = Field(min_length=1)
    label_nl: str = Field(min_length=1)
    polarity: Literal["balancing", "reinforcing", "none"]
    via: tuple[str, ...] = ()


class Correlation(_Strict):
    """How the values of a parameter are drawn that do not all move together.

    Attributes
    ----------
    over : str
        The one dimension of the parameter; its values are drawn one by one.
    by : str
        Another parameter, a number from 0 to 1: the correlation of any two of the values.
    """

    over: str
    by: str = Field(min_length=1)


class ParameterMeta(_Strict):
    """What is known about one parameter apart from its values.

    Attributes
    ----------
    unit : str
        In the vocabulary of `krapte_sd.parameters.units`.
    dimensions : tuple of str
        In the order of the arrays; ``year`` last if the parameter is dated.
    definition, method : str
        What it is and how it was made.
    range : Range or None
        Used where the cells `low` and `high` are empty.
    ages : Ages
        What holds outside the ages of the table.
    follows_aow : bool
        The age schedule moves with the state pension age.
    same_for : tuple of str
        Dimensions of the model along which this one value holds (it is repeated).
    at_base_year : bool
        A constant by age that is read once, at the ages of the first year.
    signed : bool
        A count that may be negative (a balance, such as net migration).
    no_effect : float
        The value at which the parameter does nothing; what `unknown` parameters must have.
    adds_to_one_over : tuple of str
        Shares: the dimensions over which the values add up to one.
    sparse : bool
        Source figures with gaps: not every combination is there. Rows only, no array, no model input.
    long_name_nl : str
        Dutch label.
    loop : LoopMeta or None
        The parameter is the switch of this feedback loop.
    moves : tuple of str
        Other parameters that are made from this one: the levers that the strength of a measure moves.
    correlation : Correlation or None
        Without it all values of a parameter are drawn together.
    """

    unit: str
    dimensions: tuple[str, ...] = ()
    definition: str = Field(min_length=1)
    method: str = Field(min_length=1)
    range: Range | None = None
    ages: Ages = Ages()
    follows_aow: bool = False
    same_for: tuple[str, ...] = ()
    at_base_year: bool = False
    signed: bool = False
    no_effect: float = Field(default=0.0, allow_inf_nan=False)
    adds_to_one_over: tuple[str, ...] = ()
    sparse: bool = False
    long_name_nl: str = ""
    loop: LoopMeta | None = None
    moves: tuple[str, ...] = ()
    correlation: Correlation | None = None

    @field_validator("unit")
    @classmethod
    def _unit(cls, unit: str) -> str:
        if not unit:
            raise ValueError("the unit is missing; remedy: give it, dmnl if there is none")
        try:
            normalise(unit)
        except UnitError as error:
            raise ValueError(str(error)) from None
        return unit

    @field_validator("dimensions", "same_for", "adds_to_one_over")
    @classmethod
    def _dimensions(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        allowed = (*DIMENSIONS, "year")
        for name in names:
            if name not in allowed:
                raise ValueError(f"unknown dimension '{name}'; allowed: {', '.join(allowed)}")
        if len(set(names)) < len(names):
            raise ValueError(f"a dimension stands twice in [{', '.join(names)}]")
        return names

    @model_validator(mode="after")
    def _consistent(self) -> ParameterMeta:
        if "year" in self.dimensions[:-1]:
            raise ValueError("year must be the last dimension")
        both = [name for name in self.same_for if name in self.dimensions]
        if both:
            raise ValueError(f"'{both[0]}' is in dimensions and in same_for; remedy: delete it in same_for")
        absent = [name for name in self.adds_to_one_over if name not in self.dimensions or name == "year"]
        if absent:
            raise ValueError(f"'{absent[0]}' in adds_to_one_over is not a dimension to add over")
        if self.correlation is not None and self.dimensions != (self.correlation.over,):
            raise ValueError(f"values drawn one by one over '{self.correlation.over}' need it as their only dimension")
        if "age" not in self.dimensions:
            for given, key in ((self.follows_aow, "follows_aow"), (self.ages != Ages(), "ages")):
                if given:
                    raise ValueError(f"{key} needs the dimension age")
        return self


class Theme(_Strict):
    """The metadata of one theme.

    Attributes
    ----------
    title, description, licence, note : str
        What the table is and the licence of its figures.
    sources : mapping of str to Source
        By the key used in the column `source`.
    codes : mapping of str to tuple of str
        Codes this theme adds to a dimension (tasks, drivers, variants, finer regions).
    parameters : mapping of str to ParameterMeta
        By name.
    """

    title: str = Field(min_length=1)
    description: str = Field(min_length=1)
    licence: str = Field(min_length=1)
    note: str = ""
    sources: Mapping[str, Source]
    codes: Mapping[str, tuple[str, ...]] = {}
    parameters: Mapping[str, ParameterMeta]

    @field_validator("parameters", "sources")
    @classmethod
    def _names(cls, entries: Mapping[str, Any]) -> Mapping[str, Any]:
        for name in entries:
            if not NAME.match(name):
                allowed = "lower-case letters, digits and _, e.g. birth_rate"
                raise ValueError(f"'{name[:60]}' is not a name; allowed: {allowed}")
        return entries

    @field_validator("codes")
    @classmethod
    def _codes(cls, codes: Mapping[str, tuple[str, ...]]) -> Mapping[str, tuple[str, ...]]:
        for dimension, names in codes.items():
            if dimension not in DIMENSIONS or dimension == "age":
                allowed = ", ".join(name for name in DIMENSIONS if name != "age")
                raise ValueError(f"codes for '{dimension[:60]}'; allowed: {allowed}")
            for name in names:
                if not CODE.match(name):
                    raise ValueError(f"'{name[:60]}' is not a code; allowed: letters, digits, _ and -")
            if len(set(names)) < len(names):
                raise ValueError(f"a code of '{dimension}' stands twice")
        return codes


_MODELS: dict[str, type[BaseModel]] = {
    "sources": Source,
    "range": Range,
    "ages": Ages,
    "correlation": Correlation,
    "loop": LoopMeta,
    "parameters": ParameterMeta,
}


def _fields_at(path: tuple[str | int, ...]) -> tuple[str, ...]:
    """Return the keys that are allowed in the mapping at a path."""
    model: type[BaseModel] = Theme
    for part in path:
        model = _MODELS.get(str(part), model) if model in (Theme, ParameterMeta) else model
    return tuple(model.model_fields)


_REMEDIES = {
    "citation": "give the full reference of the source",
    "unit": "give the unit, dmnl if there is none",
    "sources": "list every source under its key, with its citation",
    "licence": "name the licence of the figures",
}


def _report(error: ValidationError, document: YamlDocument, file: str, problems: Problems) -> None:
    for item in error.errors(include_url=False):
        path = tuple(part for part in item["loc"] if part != "[key]")
        key = str(path[-1]) if path else "file"
        where = f"{file}:{document.line(path)}:{key}"
        within = ".".join(str(part) for part in path[:-1]) or "the file"
        kind = item["type"]
        if kind == "extra_forbidden":
            allowed = _fields_at(path[:-1])
            problems.add(where, f"unknown key in {within}", found=key, allowed=allowed, remedy="correct or delete it")
        elif kind == "missing" or (kind == "string_too_short"):
            what = "is missing" if kind == "missing" else "is empty"
            problems.add(where, f"'{key}' {what} in {within}", remedy=_REMEDIES.get(key, f"add '{key}'"))
        elif kind == "value_error":
            text = str(item["ctx"]["error"])
            remedy = "" if "remedy:" in text else f"correct '{key}'"
            problems.add(where, text, remedy=remedy)
        else:
            message = (item["msg"][0].lower() + item["msg"][1:]).replace("valid tuple", "list, e.g. [sex, age]")
            problems.add(
                where,
                f"'{key}' in {within} cannot be used: {message}",
                found=item["input"],
                remedy=f"correct '{key}'",
            )


def read_metadata(text: str, file: str, problems: Problems) -> tuple[Theme, YamlDocument] | None:
    """Read and check the metadata of one theme.

    Parameters
    ----------
    text : str
        Content of the YAML file.
    file : str
        Its name, for messages.
    problems : Problems
        Takes everything that is wrong.

    Returns
    -------
    tuple of Theme and YamlDocument, or None
        None if there was a problem.
    """
    document = read_yaml(text, file, problems)
    if document is None:
        return None
    if not isinstance(document.data, dict):
        problems.add(
            f"{file}:1",
            "the file does not hold keys and values",
            found=type(document.data).__name__ if document.data is not None else "nothing",
            allowed=Theme.model_fields,
            match=(),
            remedy="begin with 'title: ...'",
        )
        return None
    before = len(problems.lines)
    try:
        theme = Theme.model_validate(document.data)
    except ValidationError as error:
        _report(error, document, file, problems)
        return None
    if len(problems.lines) > before:
        return None
    return theme, document
