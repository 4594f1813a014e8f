"""Files: a labelled dataset to CF netCDF and back, whole, checked and reproducible.

`write_forecast` puts a dataset into a file whose name says the format, `open_forecast` gets the identical dataset
back and `check_file` says whether a file is whole. Each format has a module of its own; `write_members` writes the
members of an ensemble piece by piece. `calendar` makes the two time coordinates both of them know.
Nothing here knows the model: any dataset with these coordinates can be written.
"""

from krapte_sd.files.atomic import check_target, replace_file
from krapte_sd.files.formats import check_file, check_output, open_forecast, write_forecast
from krapte_sd.files.layout import calendar
from krapte_sd.files.members import write_members
from krapte_sd.files.netcdf import open_netcdf, write_netcdf

__all__ = [
    "calendar",
    "check_file",
    "check_output",
    "check_target",
    "open_forecast",
    "open_netcdf",
    "replace_file",
    "write_forecast",
    "write_members",
    "write_netcdf",
]
