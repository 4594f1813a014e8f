"""Memory does not grow with members."""

import subprocess
import sys

import pytest

WORK = """
import resource, sys
import krapte_sd as ks

members, full, out = int(sys.argv[1]), sys.argv[2] == "full", sys.argv[3]
ks.run("baseline", until=2028, members=members, seed=7, full=full, out=out)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="ru_maxrss in kB")
@pytest.mark.parametrize("full", ["statistics", "full"])
def test_two_thousand_members_take_the_memory_of_two_hundred(tmp_path, child_environment, full):
    peaks = []
    for members in (200, 2000):
        call = [sys.executable, "-c", WORK, str(members), full, str(tmp_path / f"{members}.nc")]
        done = subprocess.run(call, env=child_environment, capture_output=True, text=True, timeout=600)
        assert done.returncode == 0, done.stderr
        peaks.append(int(done.stdout))
    assert peaks[1] < 1.2 * peaks[0], peaks
