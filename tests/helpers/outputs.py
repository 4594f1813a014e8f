"""What tests look at of a call or a file."""

import hashlib
from pathlib import Path

from krapte_sd import cli


def call(capsys, *arguments):
    """Call the command line; return its exit code, standard output and standard error."""
    code = cli.main([str(each) for each in arguments])
    out, err = capsys.readouterr()
    return code, out, err


def sha(path):
    """Return the SHA-256 of a file."""
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()
