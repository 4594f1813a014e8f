"""Refresh of published figures from the statistics offices: CBS StatLine and Eurostat.

Opt-in, over the network: nothing else in this library asks a server, and what ships with it is never touched. `tables`
lists what can be refreshed, `difference` compares it with the shipped figures, and `replace` writes a refreshed copy of
the folder of parameters. Needs the extra ``statistics``.
"""

from krapte_sd.statistics.copying import replace
from krapte_sd.statistics.refresh import difference, fetch, tables

__all__ = ["difference", "fetch", "replace", "tables"]
