"""Blocks of members on the workers of a `dask.distributed` cluster.

Dask decides what runs where and runs again what was lost with a worker; here is only
said what there is to do.
"""

from __future__ import annotations

import hashlib
import pickle
import threading
import warnings
import zlib
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from krapte_sd.ensemble.parts import Parts
from krapte_sd.ensemble.recipe import Recipe
from krapte_sd.errors import ParameterError

__all__ = ["run_blocks"]

_RECIPES: dict[str, Recipe] = {}
_LOCK = threading.Lock()
_AHEAD = 2  # blocks for each thread of the cluster that are asked for at a time


def run_blocks(client: Any, recipe: Recipe, parts: Parts, missing: Sequence[int], done: Callable[[int], None]) -> None:
    """Run blocks on a cluster and keep them here.

    Parameters
    ----------
    client : distributed.Client
        Connected to the cluster. Its workers need this version of the library.
    recipe : Recipe
        The run.
    parts : Parts
        Where the blocks are kept, on this machine.
    missing : sequence of int
        Blocks to run.
    done : callable
        Told the number of members of each block that is kept.
    """
    try:
        from distributed import Client, as_completed
    except ImportError as error:
        raise ParameterError("client: the package distributed is missing; pip install 'krapte_sd[dask]'") from error
    if not isinstance(client, Client):
        raise ParameterError(f"client must be a distributed.Client, found {type(client).__name__}")
    packed = zlib.compress(pickle.dumps(recipe), 1)
    key = hashlib.sha256(packed).hexdigest()
    with warnings.catch_warnings():
        # Tables are megabytes; they are sent once. As a task, not scattered: what a lost worker held is made again.
        warnings.filterwarnings("ignore", "Sending large graph", UserWarning)
        shared = client.submit(_given, packed, key=f"krapte_sd-recipe-{key}")
    todo = list(missing)[::-1]
    places: dict[Any, int] = {}

    def submit() -> Any:
        number = todo.pop()
        first, count = parts.place(number)
        future = client.submit(_block, shared, key, first, count, key=f"krapte_sd-block-{key}-{first}-{count}")
        places[future.key] = number
        return future

    threads = sum(client.nthreads().values())  # type: ignore[no-untyped-call]
    running: Any = as_completed(  # type: ignore[no-untyped-call]
        [submit() for _ in range(min(len(todo), _AHEAD * max(1, threads)))]
    )
    try:
        for future in running:
            number = places.pop(future.key)
            parts.put(number, future.result())
            done(parts.place(number)[1])
            future.release()
            if todo:
                running.add(submit())
    finally:
        client.cancel([shared, *running.futures])  # type: ignore[no-untyped-call]


def _given(packed: bytes) -> bytes:
    return packed


def _block(packed: bytes, key: str, first: int, count: int) -> NDArray[np.float64]:
    """Run on a worker: a thread of it is one thread."""
    with _LOCK:
        if key not in _RECIPES:
            _RECIPES.clear()
            _RECIPES[key] = pickle.loads(zlib.decompress(packed))
        recipe = _RECIPES[key]
    return recipe.block(first, count, threads=1)
