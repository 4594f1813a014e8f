"""Asking a statistics office over HTTP, with a time limit and a cache.

The work on the wire is that of requests, the cache that of requests-cache: both are kept, and a time limit and any
address can be given to them. Of the clients made for one office, cbsodata (last release 2023) keeps the scheme in a
global variable and takes no cache, cbsodata4 has neither a time limit nor a way to set one, and eurostat has its
address built in, prints, and tries again by itself; none of them sees that a page is missing. So the two protocols,
a page of OData and a JSON-stat cube, are read here, by the same rules and with the same messages for both offices.
"""

from __future__ import annotations

import json
import logging
import math
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final
from urllib.parse import urljoin, urlsplit

from krapte_sd.errors import FileError, ParameterError

__all__ = ["Connection", "connect"]

_log = logging.getLogger(__name__)

_LARGEST: Final = 200_000_000
_MOST_PAGES: Final = 1000
_AGAIN: Final = "nothing was changed; try again later"


def cache_file() -> Path:
    """Return the file of stored answers (it need not exist yet)."""
    from krapte_sd.kernel.cache import cache_directory

    return cache_directory().parent / "statistics" / "answers.sqlite"


class Connection:
    """One session with the offices.

    Parameters
    ----------
    session : requests.Session
        Of requests or requests-cache.
    timeout : float
        Seconds an office may be silent.
    fresh : bool
        Ask again even if there is a stored answer.
    """

    def __init__(self, session: Any, timeout: float, fresh: bool) -> None:
        self.session = session
        self.timeout = timeout
        self.fresh = fresh
        self._keys: list[str] = []

    def get(self, url: str, query: Mapping[str, str] | None = None) -> Any:
        """Ask for a JSON document.

        Raises
        ------
        FileError
            If there is no answer, or none that can be read.
        """
        import requests

        options: dict[str, Any] = {"force_refresh": True} if self.fresh and hasattr(self.session, "cache") else {}
        accept = {"Accept": "application/json"}
        try:
            answer = self.session.get(url, params=dict(query or {}), timeout=self.timeout, headers=accept, **options)
            content = answer.content
        except requests.exceptions.RequestException as error:
            raise FileError(f"{url}: {self._what_failed(error)}; {_AGAIN}") from error
        self._keys += [answer.cache_key] if getattr(answer, "cache_key", None) else []
        if answer.status_code != 200:
            reason = f"HTTP {answer.status_code} {answer.reason or ''}".strip()
            raise FileError(f"{url}: the office refuses: {reason}{_said(content)}; {_AGAIN}")
        if len(content) > _LARGEST:
            raise FileError(f"{url}: the answer is larger than {_LARGEST // 1_000_000} MB; {_AGAIN}")
        try:
            return json.loads(content.decode("utf-8-sig"), parse_constant=_no_number)
        except (ValueError, RecursionError) as error:
            raise FileError(f"{url}: the answer is no complete JSON document: {error}; {_AGAIN}") from error

    def pages(self, url: str, query: Mapping[str, str]) -> Iterator[Any]:
        """Ask for a document and all that follow it, as OData links them.

        Raises
        ------
        FileError
            As `get`, and if a link leads elsewhere or in a circle.
        """
        seen: set[str] = set()
        given: Mapping[str, str] | None = query
        place = url
        while True:
            page = self.get(place, given)
            yield page
            link = next((page[key] for key in ("odata.nextLink", "@odata.nextLink") if key in page), None)
            if link is None:
                return
            if not isinstance(link, str):
                raise FileError(f"{place}: the link to the next page is no text: {link!r}; {_AGAIN}")
            base, following = urlsplit(url), urlsplit(urljoin(place, link))
            if following.hostname != base.hostname:
                raise FileError(f"{place}: the next page would be on another host, {following.hostname}; {_AGAIN}")
            # Never from https down to http, whatever the link says.
            place, given = following._replace(scheme=base.scheme, netloc=base.netloc).geturl(), None
            if place in seen or len(seen) >= _MOST_PAGES:
                raise FileError(f"{place}: the pages of the answer have no end; {_AGAIN}")
            seen.add(place)

    def forget(self) -> None:
        """Delete the answers of this session from the cache: they are of no use."""
        if self._keys and hasattr(self.session, "cache"):
            self.session.cache.delete(*self._keys)
        self._keys.clear()

    def forget_all(self) -> None:
        """Empty the cache: what is stored cannot be relied on."""
        if hasattr(self.session, "cache"):
            self.session.cache.clear()

    def _what_failed(self, error: Exception) -> str:
        from requests.exceptions import ConnectionError as NoConnection
        from requests.exceptions import InvalidSchema, InvalidURL, MissingSchema, Timeout

        text = str(error)
        # While a body is read, requests reports a time-out as a lost connection.
        if isinstance(error, Timeout) or "timed out" in text.lower():
            return f"no answer within {self.timeout:g} seconds"
        if isinstance(error, InvalidSchema | InvalidURL | MissingSchema):
            return "not an address of a server"
        if "IncompleteRead" in text or "Connection broken" in text:
            return "the answer broke off"
        if isinstance(error, NoConnection):
            return "no connection"
        return text


def _no_number(word: str) -> float:
    raise ValueError(f"{word} is not a number")


def _said(content: bytes) -> str:
    """Quote the beginning of what the office says about an error."""
    text = " ".join(content[:2000].decode("utf-8", errors="replace").split())
    return f", saying {text[:200]!r}" if text else ""


@contextmanager
def connect(timeout: float, fresh: bool, cache: Path | None, max_age: float) -> Iterator[Connection]:
    """Open a session; answers are kept in a file and used again while they are young.

    Parameters
    ----------
    timeout : float
        Seconds an office may be silent, above 0.
    fresh : bool
        Ask again even if there is a stored answer.
    cache : pathlib.Path, optional
        The file; default: in the user's folder of caches.
    max_age : float
        Seconds for which a stored answer is used.

    Yields
    ------
    Connection

    Raises
    ------
    ParameterError
        If the extra is not installed, or `timeout` is no time.
    """
    if not (isinstance(timeout, int | float) and math.isfinite(timeout) and timeout > 0):
        raise ParameterError(f"timeout: seconds above 0 are needed; found {timeout!r}")
    try:
        import requests_cache
    except ImportError as error:
        what = "figures of statistics offices need requests and requests-cache"
        raise ParameterError(f"{what}; remedy: pip install 'krapte_sd[statistics]'") from error
    session = _session(requests_cache, cache_file() if cache is None else cache, max_age)
    connection = Connection(session, timeout, fresh)
    try:
        yield connection
    except FileError:
        connection.forget()
        raise
    finally:
        session.close()


def _session(requests_cache: Any, place: Path, max_age: float) -> Any:
    import sqlite3

    import requests

    make: Callable[..., Any] = requests_cache.CachedSession
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        return make(str(place), backend="sqlite", expire_after=max_age, allowable_codes=(200,))
    except (OSError, sqlite3.Error) as error:
        _log.warning("answers are not kept: %s cannot be written (%s)", place, error)
        return requests.Session()
