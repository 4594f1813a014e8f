"""The command ``krapte-sd refresh``."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from krapte_sd.commands import BadCallError
from krapte_sd.commands.printing import print_table

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["add_command"]


def add_command(commands: Any) -> None:
    """Add it to the parsers of the command line."""
    refresh = commands.add_parser(
        "refresh", help="compare shipped figures with CBS StatLine and Eurostat (network)", allow_abbrev=False
    )
    refresh.add_argument(
        "--parameter",
        metavar="NAME",
        action="append",
        dest="names",
        help="a parameter or published series out of --list; may be repeated; default: all of them",
    )
    refresh.add_argument("--list", action="store_true", dest="names_only", help="list what can be refreshed, and end")
    refresh.add_argument(
        "--from", metavar="URL", dest="url", help="ask this server instead, such as http://localhost:8000"
    )
    refresh.add_argument("--timeout", metavar="S", type=float, default=30.0, help="seconds to wait; default: 30")
    refresh.add_argument("--fresh", action="store_true", help="ask even if there is an answer of the last day")
    refresh.add_argument(
        "--folder", metavar="DIR", help="folder of parameters to compare with; default: the one that is shipped"
    )
    refresh.add_argument(
        "--apply", metavar="DIR", help="write a refreshed copy of the folder of parameters; DIR must not exist yet"
    )
    refresh.add_argument("--all", action="store_true", dest="same_too", help="print figures that are the same too")
    refresh.add_argument("--csv", action="store_true", help="comma-separated values instead of a table")
    refresh.set_defaults(command=_refresh)


def _refresh(arguments: argparse.Namespace) -> int:
    from krapte_sd import statistics

    known = statistics.tables()
    if arguments.names_only:
        print_table(known, arguments.csv)
        return 0
    names = arguments.names or known["parameter"].tolist()
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise BadCallError(f"--parameter '{twice[0]}' is given twice")
    if arguments.apply is not None and Path(arguments.apply).exists():
        raise BadCallError(f"--apply '{arguments.apply}': there is something already; give the name of a new folder")
    home = dict(zip(known["parameter"], known["table"], strict=True))
    found, asked = [], set[str]()
    for name in names:
        # All figures of a table come with one answer: it is asked for once.
        fresh = arguments.fresh and home.get(name) not in asked
        options = {"url": arguments.url, "timeout": arguments.timeout, "fresh": fresh}
        found.append(statistics.difference(name, folder=arguments.folder, **options))
        asked.add(home[name])
    _show(found, arguments)
    if arguments.apply is not None:
        import pandas as pd

        counts = statistics.replace(pd.concat(found, ignore_index=True), arguments.apply, folder=arguments.folder)
        print(f"{arguments.apply}: written, {sum(counts.values())} figures replaced or added")
    return 0


def _show(found: list[pd.DataFrame], arguments: argparse.Namespace) -> None:
    import pandas as pd

    table = pd.concat(found, ignore_index=True)
    print_table(table if arguments.same_too else table[table["status"] != "same"], arguments.csv)
    if not arguments.csv:
        counts = table["status"].value_counts(sort=False)
        print("\n" + ", ".join(f"{count} {status}" for status, count in counts.items()))
        if arguments.apply is None:
            print("nothing was replaced; --apply DIR writes a refreshed copy of the parameters")
