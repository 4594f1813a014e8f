"""What every refusal of a hostile input must be: one error of ours, quick, short, with the place and a way out."""

import time

import pytest

from krapte_sd.errors import KrapteError

SECONDS = 2.0  # of processor time: other processes on the machine do not count


def refused(call, path, *, kind=KrapteError):
    """Call with a hostile input and give the error that refuses it."""
    start = time.process_time()
    with pytest.raises(kind) as caught:
        call(path)
    assert time.process_time() - start < SECONDS
    text = str(caught.value)
    assert path.name in text, text
    assert len(text) < 20_000
    return caught.value
