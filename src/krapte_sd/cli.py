"""The command line: ``krapte-sd run``, ``simulate``, ``list``, ``validate`` and ``check``.

Exit codes: 0 all is well; 1 a line of ``validate`` is outside what is allowed;
2 a bad call or any `KrapteError`, with one message on standard error; 130
interrupted from the keyboard. Everything else is a fault in the program and
shows its traceback.
"""

from __future__ import annotations

import argparse
import math
import os
import re
import sys
import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NoReturn

from krapte_sd.commands import BadCallError, analyses, refresh
from krapte_sd.commands.printing import flat, print_table
from krapte_sd.errors import KrapteError, nearest
from krapte_sd.explorer.commands import add_commands

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

__all__ = ["main"]

_PROGRAM = "krapte-sd"
_LISTS = ("scenarios", "policies", "population", "parameters", "variables", "regions")
_DIVISIONS = ("nl", "province", "arbeidsmarktregio")
_BAD_CALL, _INTERRUPTED, _BROKEN_PIPE = 2, 130, 141  # the last two: 128 + number of the signal
_STORES = (".nc", ".zarr")
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")


class _Parser(argparse.ArgumentParser):
    """argparse, but a bad call is an exception with one message, and names the nearest choice."""

    def error(self, message: str) -> NoReturn:
        raise BadCallError(f"{message}; see '{self.prog} --help'")

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        choices = action.choices
        if choices is not None and value not in choices:
            allowed = ", ".join(choices)
            raise argparse.ArgumentError(action, f"'{value}' is not known{nearest(value, choices)} (one of: {allowed})")


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command.

    Parameters
    ----------
    argv : sequence of str, optional
        The arguments without the name of the program. Default: those of the process.

    Returns
    -------
    int
        The exit code, see the module.
    """
    try:
        with warnings.catch_warnings():
            warnings.showwarning = _show_warning
            _tolerate_narrow_output()
            arguments = _parser().parse_args(argv)
            command: Callable[[argparse.Namespace], int] = arguments.command
            code = command(arguments)
            sys.stdout.flush()
            return code
    except BrokenPipeError:
        # The reader (head, less) is gone. Python would complain once more while it closes stdout.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return _BROKEN_PIPE
    except KeyboardInterrupt:
        return _fail("interrupted", _INTERRUPTED)
    except (KrapteError, OSError) as error:
        return _fail(str(error), _BAD_CALL)


def _fail(message: str, code: int) -> int:
    print(f"{_PROGRAM}: {message}", file=sys.stderr)
    return code


def _show_warning(message: Warning | str, *_: Any, **__: Any) -> None:
    print(f"{_PROGRAM}: warning: {message}", file=sys.stderr)


def _tolerate_narrow_output() -> None:
    """Write Dutch letters as escapes where the terminal has no UTF-8, instead of failing."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="backslashreplace")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog=_PROGRAM,
        description="Forecast of the Dutch labour shortage to 2050 by a system-dynamics model.",
        allow_abbrev=False,
    )
    parser.add_argument("--version", action=_Version, nargs=0, help="print the version and end")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)

    run = commands.add_parser("run", help="run a scenario and write the forecast", allow_abbrev=False)
    run.add_argument("scenario", metavar="SCENARIO", help="a name out of 'list scenarios', or a YAML file")
    run.add_argument(
        *("-o", "--output"),
        metavar="FILE",
        required=True,
        help="the file to write; its name says the format: .nc, .zarr, .csv, .xlsx, .iamc.csv, .iamc.xlsx",
    )
    run.add_argument("--regions", metavar="DIVISION", choices=_DIVISIONS, help=", ".join(_DIVISIONS) + "; default: nl")
    run.add_argument("--population", metavar="VARIANT", help="a name out of 'list population'")
    run.add_argument(
        "--policy",
        metavar="MEASURE",
        action="append",
        default=[],
        dest="policies",
        help="a name or number out of 'list policies', or a YAML file of your own; may be repeated",
    )
    run.add_argument("--explore", action="store_true", help="use the exploratory range of measures of unknown effect")
    run.add_argument("--origin", metavar="YEAR", type=int, help="start: 2024, or a year of the past (2010, 2013, 2015)")
    run.add_argument("--until", metavar="YEAR", type=int, help="last calendar year")
    run.add_argument(
        "--set",
        metavar="NAME=VALUE",
        action="append",
        default=[],
        dest="settings",
        help="give a parameter another value; may be repeated",
    )
    run.add_argument("--solver", metavar="NAME", help="rk4 or euler")
    run.add_argument("--step", metavar="YEARS", type=float, help="time step in years, such as 0.25")
    run.add_argument(
        "--members",
        metavar="N",
        type=int,
        help="run N members with drawn parameters and write their mean and quantiles; a stopped call goes on",
    )
    run.add_argument("--seed", metavar="S", type=int, help="seed of the draws (default 0)")
    run.add_argument("--full", action="store_true", help="write every member instead of mean and quantiles")
    run.set_defaults(command=_run)

    compare = commands.add_parser(
        "compare", help="compare scenarios or forecast files with the first of them", allow_abbrev=False
    )
    compare.add_argument("forecasts", metavar="SCENARIO", nargs="+", help="two or more: scenarios, or files of 'run'")
    compare.add_argument("--by", metavar="WHAT", choices=("sector", "region", "total"), default="sector",
                         help="rows: sector (default), region or total")  # fmt: skip
    compare.add_argument("--years", metavar="YEARS", default="2030,2040,2050", help="default: 2030,2040,2050")
    compare.add_argument("--regions", metavar="DIVISION", choices=_DIVISIONS, help="division of scenarios that are run")
    compare.add_argument("--csv", action="store_true", help="comma-separated values instead of tables")
    compare.set_defaults(command=_compare)

    simulate = commands.add_parser(
        "simulate", help="run any Vensim model that brings all its numbers", allow_abbrev=False
    )
    simulate.add_argument("model", metavar="MODEL", help="a Vensim model in text format (.mdl)")
    simulate.add_argument("--step", metavar="TIME", type=float, help="time step; default: that of the file")
    simulate.add_argument("--solver", metavar="NAME", help="euler (default, as Vensim) or rk4")
    simulate.add_argument("--until", metavar="TIME", type=float, help="end of the run; default: that of the file")
    simulate.add_argument(
        "--save",
        metavar="NAME",
        action="append",
        default=[],
        help="a variable to give out, as in the file or in lower_snake_case; may be repeated; default: all stocks",
    )
    simulate.add_argument(
        "-o", "--output", metavar="FILE", help="write to a file (.csv or .nc) instead of printing a table"
    )
    simulate.set_defaults(command=_simulate)

    lists = commands.add_parser("list", help="list what there is", allow_abbrev=False)
    lists.add_argument("what", metavar="WHAT", choices=_LISTS, help=", ".join(_LISTS))
    lists.add_argument("--csv", action="store_true", help="comma-separated values instead of a table")
    lists.set_defaults(command=_list)

    check = commands.add_parser("check", help="check a forecast file and say what is in it", allow_abbrev=False)
    check.add_argument("file", metavar="FILE", help="a file of 'run', in any of its formats")
    check.set_defaults(command=_check)
    analyses.add_commands(commands, _DIVISIONS)
    add_commands(commands, _DIVISIONS)
    refresh.add_command(commands)
    return parser


class _Version(argparse.Action):
    """Look the version up only if it is asked for."""

    def __call__(self, parser: argparse.ArgumentParser, *_: Any) -> None:
        from importlib.metadata import version

        print(f"{_PROGRAM} {version('krapte_sd')}")
        parser.exit()


def _run(arguments: argparse.Namespace) -> int:
    import krapte_sd
    from krapte_sd.files import check_output

    # Everything that can be wrong with the call, before the work.
    ensemble = _ensemble(arguments)
    settings = _settings(arguments.settings)
    suffix = check_output(arguments.output)
    given = {name: getattr(arguments, name) for name in ("regions", "population", "origin", "until", "solver", "step")}
    options = {name: value for name, value in given.items() if value is not None}
    if settings:
        options["parameters"] = settings
    options |= {"policies": arguments.policies} if arguments.policies else {}
    options |= {"explore": True} if arguments.explore else {}
    if ensemble and suffix in _STORES:
        # Written piece by piece while it runs: all members fit in no memory.
        ds = krapte_sd.run(arguments.scenario, **options, **ensemble, out=arguments.output)
        print(f"{arguments.output}: written, {arguments.members} members")
        print(f"wages: {ds.attrs['wage_plausibility']}")
        return 0
    if arguments.full:
        raise BadCallError(f"--full: all members are written as {' or '.join(_STORES)}; found '{arguments.output}'")
    ds = krapte_sd.run(arguments.scenario, **options, **ensemble)
    checksum = krapte_sd.write_forecast(ds, arguments.output)
    _show_notes(ds)
    print(f"{arguments.output}: written, content SHA-256 {checksum}")
    print(f"wages: {ds.attrs['wage_plausibility']}")
    return 0


def _show_notes(ds: xr.Dataset, name: str = "") -> None:
    """Say which measures change nothing or stand at a limit."""
    for note in str(ds.attrs.get("policy_notes", "")).splitlines():
        print(f"{_PROGRAM}: note: {name + ': ' if name else ''}{note}", file=sys.stderr)


def _compare(arguments: argparse.Namespace) -> int:
    import krapte_sd
    from krapte_sd.analysis.comparison import differences, side_effects

    try:
        years = [int(each) for each in arguments.years.split(",")]
    except ValueError:
        raise BadCallError(f"--years '{arguments.years}': give years with commas, such as 2030,2040,2050") from None
    options = {"regions": arguments.regions} if arguments.regions else {}
    forecasts: dict[str, xr.Dataset] = {}
    for name in arguments.forecasts:
        if name in forecasts:
            raise BadCallError(f"'{name}' is given twice")
        a_file = name.endswith((".nc", ".zarr"))
        forecasts[name] = krapte_sd.open_forecast(name) if a_file else krapte_sd.run(name, **options)
        _show_notes(forecasts[name], name)
    ds = krapte_sd.compare(forecasts)
    print_table(differences(ds, years, arguments.by), arguments.csv)
    if not arguments.csv:
        print(
            f"\nneed gap: change from '{ds.attrs['reference']}' on 1 January in persons, full-time equivalents, hours"
        )
        print("\nElsewhere:")
        print_table(side_effects(ds, years), as_csv=False)
    return 0


def _ensemble(arguments: argparse.Namespace) -> dict[str, Any]:
    """Give the options of an ensemble; none for a single run."""
    if arguments.members is None:
        lone = [
            option for option, given in (("--seed", arguments.seed is not None), ("--full", arguments.full)) if given
        ]
        if lone:
            raise BadCallError(f"{' and '.join(lone)}: for ensembles only; give --members too, such as --members 1000")
        return {}
    seed = 0 if arguments.seed is None else arguments.seed
    options = {"members": arguments.members, "seed": seed, "progress": True}
    return options | ({"full": True} if arguments.full else {})


def _settings(texts: Sequence[str]) -> dict[str, float]:
    """Read the ``--set`` options; all that is wrong with them in one message."""
    settings: dict[str, float] = {}
    problems = []
    for text in texts:
        name, equals, value = (part.strip() for part in text.partition("="))
        if not equals or not name:
            problems.append(f"--set '{text}': NAME=VALUE is needed, such as --set separation_rate=0.1")
        elif not _NUMBER.fullmatch(value) or not math.isfinite(float(value)):
            problems.append(f"--set '{text}': '{value}' is not a finite number with a decimal point")
        elif name in settings:
            problems.append(f"--set '{text}': '{name}' is given twice")
        else:
            settings[name] = float(value)
    if problems:
        raise BadCallError.collect("bad call", problems)
    return settings


def _simulate(arguments: argparse.Namespace) -> int:
    import krapte_sd
    from krapte_sd.files import check_target, replace_file, write_netcdf

    output: str | None = arguments.output
    if arguments.step is not None and not arguments.step > 0:
        raise BadCallError(f"--step {arguments.step:g}: the time step must be above 0")
    if output is not None:
        if not output.endswith((".csv", ".nc")):
            raise BadCallError(f"--output '{output}': let the name end in .csv or .nc")
        check_target(output)
    model = krapte_sd.load_model(arguments.model)
    equations = model.equations
    if equations.inputs:
        missing = ", ".join(f"'{equations.variables[name].label}'" for name in equations.inputs)
        raise BadCallError(f"{arguments.model}: 'simulate' needs a model that brings its numbers; without: {missing}")
    ds = model.run(
        stop=arguments.until,
        step=arguments.step,
        solver=arguments.solver,
        save=_saved(arguments.save, equations.variables),
    )
    if output is not None and output.endswith(".nc"):
        print(f"{output}: written, content SHA-256 {write_netcdf(ds, output)}")
        return 0
    table = flat(ds)
    if output is None:
        print_table(table, as_csv=False)
    else:
        replace_file(output, table.to_csv(index=False, lineterminator="\n").encode())
        print(f"{output}: written, {len(table)} times")
    return 0


def _saved(names: Sequence[str], variables: Mapping[str, Any]) -> list[str]:
    """Find variables by their name in the file or by that in lower snake case."""
    known = {each.label.strip('"').lower(): name for name, each in variables.items()}
    known |= {name: name for name in variables}
    wrong = [
        f"--save '{name}': not a variable of the model{nearest(name, known)}"
        for name in names
        if name.strip().lower() not in known
    ]
    if wrong:
        raise BadCallError.collect("bad call", wrong)
    return [known[name.strip().lower()] for name in names]


def _list(arguments: argparse.Namespace) -> int:
    import krapte_sd

    if arguments.what == "regions":
        print_table(_regions(), arguments.csv)
        return 0
    # Through the module at call time: its functions load their own modules only when asked for.
    name = "populations" if arguments.what == "population" else arguments.what
    print_table(getattr(krapte_sd, name)(), arguments.csv)
    return 0


def _regions() -> pd.DataFrame:
    """List the regions of all divisions; `run` says whether a run can have them."""
    import pandas as pd

    from krapte_sd.parameters.regions import read_region_set, region_sets

    rows = []
    for division in map(read_region_set, region_sets()):
        count = division.incidence().sum(axis=1).astype(int)
        runs = "yes" if division.name in _DIVISIONS else "no"
        rows += [(division.name, *each, runs) for each in zip(division.codes, division.names, count, strict=True)]
    return pd.DataFrame(rows, columns=["division", "region", "name", "municipalities", "run"])


def _check(arguments: argparse.Namespace) -> int:
    from krapte_sd.files import check_file

    told = check_file(arguments.file)
    print(f"{arguments.file}: {told.pop('state')}")
    for name, value in told.items():
        lines = value.strip().splitlines() or [""]
        print(f"{name}: {lines[0]}" if len(lines) == 1 else "\n  ".join([f"{name}:", *lines]))
    return 0
