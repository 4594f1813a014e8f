"""Serving the explorer."""

from __future__ import annotations

import contextlib
import socket
from typing import Any

from krapte_sd.errors import ParameterError

__all__ = ["explore"]


def explore(port: int = 0, *, host: str = "localhost", show: bool = True, threaded: bool = False) -> Any:
    """Serve the explorer until it is interrupted.

    Parameters
    ----------
    port : int
        Port to listen on; 0: any that is free.
    host : str
        Address to listen on. The page has no log-in: leave it at this machine unless the network is yours.
    show : bool
        Open a browser.
    threaded : bool
        Serve in a thread and return at once.

    Returns
    -------
    object
        With `threaded`, the thread of the server, with a method ``stop`` and an attribute ``url``.

    Raises
    ------
    ParameterError
        If the package panel is missing or the port is taken.
    """
    try:
        import panel
    except ImportError as error:
        raise ParameterError("the explorer needs panel; remedy: pip install 'krapte_sd[explore]'") from error
    from krapte_sd.explorer.page import Page
    from krapte_sd.explorer.session import Levers, Session

    if not 0 <= port <= 65535:
        raise ParameterError(f"port={port}: allowed: 0 (any that is free) to 65535")
    chosen = _free(host, port)
    Session().baseline(Levers())  # the first run compiles the model; no visitor should wait for that
    # Another name for this machine is refused by the server otherwise.
    origins = [f"{name}:{chosen}" for name in {host, "localhost", "127.0.0.1"}]
    server = panel.serve(
        lambda: Page().layout(),
        port=chosen,
        address=host,
        websocket_origin=origins,
        show=show,
        threaded=threaded,
        title="krapte_sd explorer",
        verbose=not threaded,
    )
    if threaded:
        server.url = f"http://{host}:{chosen}/"
    return server


def _free(host: str, port: int) -> int:
    """Find out whether a port can be had, before the server says so in its own words."""
    with contextlib.closing(socket.socket(socket.AF_INET, socket.SOCK_STREAM)) as trial:
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind((host, port))
        except OSError as error:
            raise ParameterError(f"port {port} on {host} cannot be had: {error.strerror}; give another") from error
        return int(trial.getsockname()[1])
