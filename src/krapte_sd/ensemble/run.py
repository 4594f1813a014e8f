"""Running an ensemble: blocks of members, kept on disk, then summarised or written in full."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from krapte_sd.ensemble.drawn import draw_inputs
from krapte_sd.ensemble.parts import Parts
from krapte_sd.ensemble.recipe import MEMBER, Finish, Recipe, Slice
from krapte_sd.ensemble.sampling import check_members, check_seed, read_sampling
from krapte_sd.ensemble.statistics import summary
from krapte_sd.errors import FileError, ParameterError, nearest
from krapte_sd.kernel.stream import processors

if TYPE_CHECKING:
    import xarray as xr

    from krapte_sd.simulation import LoadedModel

__all__ = ["LEVELS", "STATISTICS", "check_call", "run_ensemble"]

Floats = NDArray[np.float64]
Out = str | os.PathLike[str] | None

LEVELS: Final = (0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95)
STATISTICS: Final = ("central", "mean", *(f"q{round(100 * level):02d}" for level in LEVELS))
"""Labels along ``statistic``: the central run, then mean and quantiles of the members."""

_STATISTIC: Final = "statistic"
_DRAW: Final = "parameter_quantile"
_BLOCK_BYTES: Final = 32 * 2**20
_BLOCK_MEMBERS: Final = (16, 512)  # at least, for some threads with eight members each, and at most
_SIDE_BY_SIDE: Final = 2


def check_call(members: Any, seed: Any, out: Out = None) -> tuple[int, int]:
    """Check before the work: the number of members, the seed, and that a file can be written.

    Raises
    ------
    ParameterError
        If `members` or `seed` is not a whole number that is allowed; both problems together.
    FileError
        If the name of the file ends neither in .nc nor in .zarr, or nothing can be written there.
    """
    problems = [problem for check, value in ((check_members, members), (check_seed, seed)) if (problem := check(value))]
    if problems:
        raise ParameterError.collect("ensemble", problems)
    _check_out(out)
    return int(members), int(seed)


def _check_out(out: Out) -> None:
    from krapte_sd.files import check_target

    if out is None:
        return
    name = os.fspath(out)
    if name.endswith(".zarr"):
        from krapte_sd.files.zarr import check_store

        check_store(name)
    elif name.endswith(".nc"):
        check_target(name)
    else:
        raise FileError(f"{name}: an ensemble is written as netCDF or Zarr; let the name end in .nc or .zarr")


def run_ensemble(
    model: LoadedModel,
    raw: xr.Dataset,
    central: xr.Dataset,
    *,
    save: Sequence[str],
    integrate: Sequence[str],
    years: tuple[int, int],
    step: float,
    solver: str,
    members: int,
    seed: int = 0,
    full: bool = False,
    out: Out = None,
    finish: Finish | None = None,
    fixed: Mapping[str, Any] | None = None,
    client: Any = None,
    threads: int | None = None,
    chunk: int | None = None,
    progress: bool = False,
) -> xr.Dataset:
    """Run the members of an ensemble beside a central run.

    Parameters
    ----------
    model : LoadedModel
        The model with its tables.
    raw, central : xarray.Dataset
        The central run: as the kernel gives it, labelled, and as it is to be given out.
    save, integrate : sequence of str
        Variables to sample on each 1 January, and to integrate over each year.
    years : tuple of int
        First and last 1 January.
    step : float
        Length of a step, years.
    solver : {"rk4", "euler"}
        The integrator.
    members : int
        Number of members.
    seed : int
        Seed of the draws. A member depends on it and on its own number alone.
    full : bool
        Give or write every member, and not the statistics.
    out : path-like, optional
        File to write: netCDF (.nc) or Zarr (.zarr). While the members run, a folder with ``.members`` behind
        this name holds what is ready; the same call goes on with it, and it is removed at the end.
    finish : callable, optional
        Turns labelled outputs of the kernel (with the dimension ``member`` second) into those to be given out.
    fixed : mapping, optional
        Inputs set by the caller, see `LoadedModel.inputs`; they are not drawn.
    client : distributed.Client, optional
        Run the members on this cluster; the same bytes.
    threads : int, optional
        Threads; default: one for each processor.
    chunk : int, optional
        Members in a block; default by the size of the outputs. Outcomes do not depend on it.
    progress : bool
        Show a progress bar if standard error is a terminal.

    Returns
    -------
    xarray.Dataset
        The variables of `central` with ``statistic`` (see `STATISTICS`) as first dimension; with `full`, and no file,
        with ``member``. If members are written to a file in full, the statistics come back.

    Raises
    ------
    ParameterError
        If a setting is not valid, no parameter has a range, or a draw is not possible.
    SolverError
        If a member has a value that is not finite, with its number.
    FileError
        If a file cannot be written, or the folder of members belongs to another ensemble.
    """
    members, seed = check_call(members, seed, out)
    recipe = _recipe(model, raw, central, save, integrate, years, step, solver, seed, finish, fixed)
    central = _selected(central, recipe).assign_attrs(_told(recipe, members))
    size = _chunk(recipe, members, chunk)
    with ExitStack() as stack:
        if out is None:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="krapte_sd-")))
        else:
            folder = Path(f"{os.fspath(out).rstrip('/')}.members")
        parts = Parts(folder / "blocks" if out is None else folder, _manifest(recipe), recipe.rows, members, size)
        _run(recipe, parts, client, threads, progress)
        if full and out is None:
            return _everything(central, recipe, parts)
        found = _summarised(central, recipe, parts, threads or processors())
        if out is not None:
            if full:
                _write_members(central, recipe, parts, out)
            else:
                _write(found, out)
            parts.remove()
    return found


def _recipe(
    model: LoadedModel,
    raw: xr.Dataset,
    central: xr.Dataset,
    save: Sequence[str],
    integrate: Sequence[str],
    years: tuple[int, int],
    step: float,
    solver: str,
    seed: int,
    finish: Finish | None,
    fixed: Mapping[str, Any] | None,
) -> Recipe:
    if model.parameters is None:
        raise ParameterError("members need parameter tables with ranges; a model that brings its numbers has none")
    names = [n for n in model.equations.needed((*save, *integrate)) if n in model.equations.inputs]
    given = dict(fixed or {})
    sampling = read_sampling(model.parameters, [n for n in names if n not in given], seed)
    drawn = draw_inputs(
        model.equations,
        model.parameters,
        names,
        lambda tables, wanted: model.with_parameters(tables).inputs(wanted, *years, params=given),
        sampling,
    )
    described = {name: (tuple(map(str, raw[name].dims)), dict(raw[name].attrs)) for name in (*save, *integrate)}
    labels = raw.drop_vars(list(raw.data_vars))
    one = raw[[*save, *integrate]]
    made = one if finish is None else finish(one.expand_dims(MEMBER, axis=1)).isel({MEMBER: 0})
    slices, last = {}, 0
    for name, each in made.data_vars.items():
        first, last = last, last + each.size
        slices[str(name)] = Slice(first, last, tuple(map(str, each.dims)), tuple(each.shape))
    missing = [n for n in slices if n not in central]
    if missing:
        raise ParameterError(f"the central run lacks {missing[0]}{nearest(missing[0], map(str, central.data_vars))}")
    outputs = (tuple(save), tuple(integrate))
    return Recipe(drawn, sampling, *outputs, *years, step, solver, labels, described, finish, slices)


def _selected(central: xr.Dataset, recipe: Recipe) -> xr.Dataset:
    """Leave out what the members do not give, and coordinates nothing uses any more."""
    chosen = central[list(recipe.slices)]
    return chosen.assign_coords({n: c for n, c in central.coords.items() if set(c.dims) <= {*chosen.dims, "bounds"}})


def _told(recipe: Recipe, members: int) -> dict[str, Any]:
    sampling = recipe.sampling
    told = {
        "members": members,
        "seed": sampling.seed,
        "sampling": "scrambled Halton sequence (scipy.stats.qmc), one dimension for each parameter of the tables",
        "sampled_parameters": "; ".join(f"{name}: {how}" for name, how in sampling.distributions.items()),
    }
    if sampling.held:
        told["held_parameters"] = "; ".join(f"{name}: {why}" for name, why in sampling.held.items())
    return told


def _chunk(recipe: Recipe, members: int, chunk: int | None) -> int:
    if chunk is not None:
        if check_members(chunk):
            raise ParameterError(f"chunk={chunk!r}: give a whole number of at least 1")
        return min(chunk, members)
    least, most = _BLOCK_MEMBERS
    fits = _BLOCK_BYTES // (8 * max(1, recipe.rows)) // least * least
    return min(members, most, max(least, fits))


def _manifest(recipe: Recipe) -> dict[str, Any]:
    from importlib.metadata import version

    return {
        "model_sha256": recipe.drawn.model.sha256,
        "run_sha256": recipe.identity,
        "seed": recipe.sampling.seed,
        "years": f"{recipe.start} to {recipe.stop}",
        "solver": recipe.solver,
        "step": recipe.step,
        "krapte_sd": version("krapte_sd"),
    }


def _run(recipe: Recipe, parts: Parts, client: Any, threads: int | None, progress: bool) -> None:
    """Run every block that is not there yet."""
    from tqdm import tqdm

    missing = parts.missing()
    ready = parts.members - sum(parts.place(number)[1] for number in missing)
    # None: shown on a terminal only.
    shown = None if progress else True
    with tqdm(total=parts.members, initial=ready, unit="member", disable=shown) as bar:
        if client is not None:
            from krapte_sd.ensemble.distributed import run_blocks

            run_blocks(client, recipe, parts, missing, bar.update)
            return

        def run(number: int) -> int:
            first, count = parts.place(number)
            parts.put(number, recipe.block(first, count, threads))
            return count

        # While one block is put together and kept, the next one runs.
        with ThreadPoolExecutor(_SIDE_BY_SIDE, "blocks") as pool:
            for count in pool.map(run, missing):
                bar.update(count)


def _summarised(central: xr.Dataset, recipe: Recipe, parts: Parts, threads: int) -> xr.Dataset:
    """Put the central run and the statistics of the members side by side."""
    found = summary(parts, LEVELS, threads)
    data = {}
    for name, place in recipe.slices.items():
        own = central[name].transpose(*place.dims)
        values = found[:, place.first : place.last].reshape(-1, *place.shape)
        dims = (_STATISTIC, *place.dims)
        data[name] = (dims, np.concatenate([own.values[np.newaxis], values]), own.attrs)
    attrs = {"long_name": "the central run, or mean or quantile of the members"}
    ds = central.drop_vars(list(recipe.slices)).assign(data)
    return ds.assign_coords({_STATISTIC: (_STATISTIC, list(STATISTICS), attrs)})


def _template(central: xr.Dataset, recipe: Recipe, arrays: dict[str, Floats], members: int) -> xr.Dataset:
    data: dict[str, Any] = {}
    for name, place in recipe.slices.items():
        data[name] = ((MEMBER, *place.dims), arrays[name], central[name].attrs)
    told = {"long_name": "place of the member between all draws of the parameter, 0.5 for its central value"}
    data[_DRAW] = ((MEMBER, "parameter"), arrays[_DRAW], {**told, "units": "dmnl"})
    coords = {
        MEMBER: (MEMBER, np.arange(members), {"long_name": "number of the member"}),
        "parameter": ("parameter", list(recipe.sampling.columns), {"long_name": "parameter that is drawn"}),
    }
    return central.drop_vars(list(recipe.slices)).assign(data).assign_coords(coords)


def _read(recipe: Recipe, parts: Parts, name: str, begin: int, end: int) -> Floats:
    """Give a variable of some members, the members first."""
    if name == _DRAW:
        return recipe.sampling.quantiles(begin, end - begin)
    place = recipe.slices[name]
    rows = parts.read(place.first, place.last, begin, end)
    return np.ascontiguousarray(rows.T).reshape(end - begin, *place.shape)


def _everything(central: xr.Dataset, recipe: Recipe, parts: Parts) -> xr.Dataset:
    names = (*recipe.slices, _DRAW)
    arrays = {name: _read(recipe, parts, name, 0, parts.members) for name in names}
    return _template(central, recipe, arrays, parts.members)


def _write_members(central: xr.Dataset, recipe: Recipe, parts: Parts, out: str | os.PathLike[str]) -> None:
    from krapte_sd.files import write_members

    def read(name: str, begin: int, end: int) -> Floats:
        return _read(recipe, parts, name, begin, end)

    template = _template(central, recipe, {name: read(name, 0, 1) for name in (*recipe.slices, _DRAW)}, 1)
    part = parts.folder / "output"
    if os.fspath(out).endswith(".zarr"):
        from krapte_sd.files.zarr import write_zarr_members

        write_zarr_members(template, out, parts.members, read, part)
    else:
        write_members(template, out, parts.members, read, part)


def _write(ds: xr.Dataset, out: str | os.PathLike[str]) -> None:
    from krapte_sd.files import write_netcdf

    if os.fspath(out).endswith(".zarr"):
        from krapte_sd.files.zarr import write_zarr

        write_zarr(ds, out)
    else:
        write_netcdf(ds, out)
