"""Files: a labelled dataset to CF netCDF and back, whole, checked and reproducible.

`write_netcdf` puts a dataset into a file, `open_netcdf` gets the identical
dataset back; `write_members` writes the members of an ensemble piece by piece, and
`krapte_sd.files.zarr` has the same for Zarr stores. `calendar` makes the two time coordinates both of them know.
Nothing here knows the model: any dataset with these coordinates can be written.
"""

from krapte_sd.files.atomic import check_target, replace_file
from krapte_sd.files.layout import calendar
from krapte_sd.files.members import write_members
from krapte_sd.files.netcdf import open_netcdf, write_netcdf

__all__ = ["calendar", "check_target", "open_netcdf", "replace_file", "write_members", "write_netcdf"]
