"""Reading a folder of parameter tables."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from krapte_sd.errors import FileError
from krapte_sd.parameters.build import Parameter, build_parameters
from krapte_sd.parameters.codes import NAME
from krapte_sd.parameters.locate import parameters_folder
from krapte_sd.parameters.metadata import Source, read_metadata
from krapte_sd.parameters.parameter_set import ParameterSet
from krapte_sd.parameters.problems import Problems
from krapte_sd.parameters.tables import check_cells, read_table

__all__ = ["read_parameters"]

_LARGEST: Final = {".csv": 16_000_000, ".yaml": 1_000_000}


def _text(path: Path, problems: Problems) -> str | None:
    """Read a text file; UTF-8, without byte order mark; CRLF is taken as LF, as git may write it."""
    file = path.name
    if not path.is_file():
        problems.add(file, "not a regular file", remedy="put a file here, or delete this")
        return None
    try:
        size = path.stat().st_size
        largest = _LARGEST[path.suffix]
        if size > largest:
            allowed = f"at most {largest} bytes"
            problems.add(file, "the file is too large", found=size, allowed=allowed, remedy="divide the theme")
            return None
        content = path.read_bytes()
    except OSError as error:
        remedy = "check the file and its permissions"
        problems.add(file, f"the file cannot be read: {error.strerror}", remedy=remedy)
        return None
    if content.startswith((b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")):
        problems.add(f"{file}:1", "the file begins with a byte order mark", remedy="save it as UTF-8 without BOM")
        return None
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        row = content[: error.start].count(b"\n") + 1
        found = content[error.start : error.start + 4]
        problems.add(f"{file}:{row}", "the file is not UTF-8", found=found, remedy="save it as UTF-8")
        return None
    text = text.replace("\r\n", "\n")
    for character, name in (("\0", "a NUL character"), ("\r", "a carriage return inside a line")):
        if character in text:
            row = text[: text.index(character)].count("\n") + 1
            problems.add(f"{file}:{row}", f"{name} in the file", remedy="save it as plain text with LF line ends")
            return None
    return text


def _themes(folder: Path, problems: Problems) -> list[str]:
    """List the themes in a folder: every name with a table or a metadata file."""
    halves: dict[str, set[str]] = {}
    for path in sorted(folder.iterdir()):
        if path.name.startswith("."):
            continue
        suffix = path.suffix
        if suffix.lower() in (".csv", ".yaml", ".yml") and suffix not in _LARGEST:
            allowed = "names ending in .csv or .yaml"
            problems.add(path.name, "the ending of the file name is not used here", allowed=allowed, remedy="rename it")
        elif suffix in _LARGEST:
            halves.setdefault(path.stem, set()).add(suffix)
    complete = []
    for theme, suffixes in halves.items():
        if not NAME.match(theme):
            file = theme + min(suffixes)
            allowed = "lower-case letters, digits and _"
            problems.add(file, "not a name for a theme", found=theme, allowed=allowed, remedy="rename both files")
        missing = set(_LARGEST) - suffixes
        if missing:
            other = [name for name, has in halves.items() if has == missing]
            problems.add(
                theme + min(suffixes),
                f"its other half {theme}{min(missing)} is missing",
                found=theme,
                match=other,
                remedy="a theme is a table (.csv) and a metadata file (.yaml) of the same name",
            )
        else:
            complete.append(theme)
    if not halves and not problems:
        remedy = "give a folder with <theme>.csv and <theme>.yaml"
        problems.add(str(folder), "no parameter tables in this folder", remedy=remedy)
    return complete


def _read_theme(
    folder: Path, name: str, digest: dict[str, str], problems: Problems
) -> tuple[list[Parameter], Mapping[str, Source]]:
    texts = {suffix: _text(folder / (name + suffix), problems) for suffix in _LARGEST}
    digest.update({name + suffix: text for suffix, text in texts.items() if text is not None})
    described = None if texts[".yaml"] is None else read_metadata(texts[".yaml"], f"{name}.yaml", problems)
    table = None if texts[".csv"] is None else read_table(texts[".csv"], f"{name}.csv", problems)
    if described is None or table is None:
        return [], {}
    theme, document = described
    numbers = check_cells(table, theme, problems)
    lines = ((each, document.line(("parameters", each))) for each in theme.parameters)
    return build_parameters(table, theme, name, numbers, problems, lines), theme.sources


def read_parameters(folder: str | Path | None = None) -> ParameterSet:
    """Read and check all parameter tables of a folder.

    Parameters
    ----------
    folder : str or pathlib.Path, optional
        A folder with a table ``<theme>.csv`` and a metadata file ``<theme>.yaml`` for each theme;
        sub-folders are not read. Default: the folder that ships with the library.

    Returns
    -------
    ParameterSet
        Complete and checked: every parameter has a unit, a definition, a source and a status for
        each value, every combination of its dimensions once, and no value that is not finite.

    Raises
    ------
    ParameterError
        With everything that is wrong in any of the files, one line each:
        ``file:row:column: what; found; allowed; nearest match; remedy``.
    FileError
        If the folder does not exist or cannot be read.
    """
    place = parameters_folder() if folder is None else Path(folder)
    problems = Problems()
    try:
        themes = _themes(place, problems)
    except OSError as error:
        remedy = "give a folder of parameter tables"
        raise FileError(f"the folder {place} cannot be read: {error.strerror}; remedy: {remedy}") from error
    parameters: dict[str, Parameter] = {}
    sources: dict[str, Mapping[str, Source]] = {}
    texts: dict[str, str] = {}
    for name in themes:
        found, sources[name] = _read_theme(place, name, texts, problems)
        for each in found:
            if each.name in parameters:
                what = f"'{each.name}' is also in {parameters[each.name].theme}.yaml"
                problems.add(f"{name}.yaml", what, remedy="give one of the two another name")
            parameters[each.name] = each
    problems.raise_if_any(f"parameters in {place}")
    digest = hashlib.sha256()
    for file, text in sorted(texts.items()):
        content = text.encode()
        digest.update(f"{file}\0{len(content)}\0".encode() + content)
    return ParameterSet(parameters, sources, digest.hexdigest())
