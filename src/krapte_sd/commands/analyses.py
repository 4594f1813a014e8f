"""The commands that judge and explain: validate, loops, knockout, decompose, check-behaviour and backtest."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import Any

from krapte_sd.commands import BadCallError
from krapte_sd.commands.printing import print_parts, print_table

__all__ = ["add_commands"]


def add_commands(commands: Any, divisions: Sequence[str]) -> None:
    """Add them to the parsers of the command line."""
    validate = commands.add_parser("validate", help="compare the model with what is known", allow_abbrev=False)
    validate.add_argument("--csv", action="store_true", help="comma-separated values instead of a table")
    validate.add_argument(
        "--regions", metavar="DIVISION", choices=divisions, help=", ".join(divisions) + "; default: nl"
    )
    validate.set_defaults(command=_validate)

    loops = commands.add_parser(
        "loops", help="list the feedback loops, their switches and polarity", allow_abbrev=False
    )
    loops.add_argument("--csv", action="store_true", help="comma-separated values instead of a table")
    loops.set_defaults(command=_loops)

    knockout = commands.add_parser("knockout", help="cut each feedback loop alone", allow_abbrev=False)
    knockout.add_argument("scenario", metavar="SCENARIO", nargs="?", default="baseline", help="default: baseline")
    knockout.add_argument("--csv", action="store_true", help="comma-separated values by section instead of a table")
    knockout.set_defaults(command=_knockout)

    decompose = commands.add_parser("decompose", help="say what drives the shortage", allow_abbrev=False)
    decompose.add_argument("scenario", metavar="SCENARIO", nargs="?", default="baseline", help="default: baseline")
    decompose.add_argument("--csv", action="store_true", help="comma-separated values by section instead of a table")
    decompose.set_defaults(command=_decompose)

    behaviour = commands.add_parser("check-behaviour", help="check how the model behaves", allow_abbrev=False)
    behaviour.add_argument(
        "--draws",
        metavar="N",
        type=int,
        help="check what must always hold over N random draws of all parameters instead",
    )
    behaviour.add_argument("--seed", metavar="S", type=int, help="with --draws: seed of the draws (default 0)")
    behaviour.add_argument(
        "--regions", metavar="DIVISION", choices=divisions, help="with --draws: division of the country (default nl)"
    )
    behaviour.add_argument("--csv", action="store_true", help="comma-separated values instead of a table")
    behaviour.set_defaults(command=_check_behaviour)

    test = commands.add_parser(
        "backtest", help="forecast from the past and score it beside simple methods", allow_abbrev=False
    )
    test.add_argument("--csv", action="store_true", help="comma-separated values instead of a table")
    test.add_argument(
        "--origin", metavar="YEAR", type=int, action="append", help="a start; may be repeated; default: all there are"
    )
    shown = test.add_mutually_exclusive_group()
    shown.add_argument("--forecasts", action="store_true", help="give the single forecasts instead of the scores")
    shown.add_argument(
        "--published", action="store_true", help="give forecasts that others published at the time beside the back-test"
    )
    test.set_defaults(command=_backtest)


def _validate(arguments: argparse.Namespace) -> int:
    from krapte_sd import validation

    given = {} if arguments.regions is None else {"regions": arguments.regions}
    table = validation.validate(**given)
    failed = int((~table["ok"].astype(bool)).sum())
    print_table(table, arguments.csv)
    if not arguments.csv:
        print(f"\n{len(table)} lines, {failed} outside what is allowed")
    return 1 if failed or table.empty else 0


def _loops(arguments: argparse.Namespace) -> int:
    import krapte_sd

    table = krapte_sd.loops()
    wrong = table.loc[~table["agrees"].astype(bool), "switch"].tolist()
    print_table(table if arguments.csv else table[["switch", "loop", "polarity", "variables"]], arguments.csv)
    if wrong:
        print(f"other polarity than declared: {', '.join(wrong)}", file=sys.stderr)
    return 1 if wrong else 0


def _knockout(arguments: argparse.Namespace) -> int:
    import krapte_sd

    found = krapte_sd.knockout(arguments.scenario)["need_gap_contribution"].drop_vars("loop_name_nl")
    head = "Contribution to the need gap on 1 January, thousand persons: with all loops less with this one cut"
    print_parts(found, "loop", head, arguments.csv)
    return 0


def _decompose(arguments: argparse.Namespace) -> int:
    import krapte_sd

    found = krapte_sd.decompose(arguments.scenario)["need_gap"].drop_vars(["driver_name_nl", "frozen"])
    head = "Change of the need gap since 1 January of the first year by driver, thousand persons; the parts add up"
    print_parts(found, "driver", head, arguments.csv)
    return 0


def _check_behaviour(arguments: argparse.Namespace) -> int:
    from krapte_sd.analysis.behaviour import check_behaviour
    from krapte_sd.analysis.invariants import check_invariants

    given = {name: value for name in ("seed", "regions") if (value := getattr(arguments, name)) is not None}
    if given and arguments.draws is None:
        raise BadCallError(f"--{' and --'.join(given)}: for random draws only; give --draws too, such as --draws 1000")
    table = check_behaviour() if arguments.draws is None else check_invariants(arguments.draws, **given)
    failed = int((~table["ok"].astype(bool)).sum())
    print_table(table, arguments.csv)
    if not arguments.csv:
        print(f"\n{len(table)} checks, {failed} failed")
    return 1 if failed else 0


def _backtest(arguments: argparse.Namespace) -> int:
    from krapte_sd.backtest import backtest, published

    table, forecasts = backtest(arguments.origin)
    if arguments.forecasts:
        table = forecasts
    elif arguments.published:
        table = published(forecasts)
    print_table(table.round(4), arguments.csv)
    return 0
