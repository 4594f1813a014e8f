"""Members on two local workers: the bytes of one process, also if a worker is killed half-way."""

import os
import signal
import threading

import pytest
from outputs import sha
from small_ensemble import INTEGRATE, SAVE, make

from krapte_sd.ensemble.parts import Parts
from krapte_sd.errors import ParameterError, SolverError

distributed = pytest.importorskip("distributed")

# What the cluster itself leaves behind when it is closed, or when one of its workers is killed.
pytestmark = [
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


@pytest.fixture(scope="module")
def client():
    options = {"n_workers": 2, "threads_per_worker": 1, "dashboard_address": None, "processes": True}
    with distributed.LocalCluster(**options) as cluster, distributed.Client(cluster) as client:
        yield client


def test_two_workers_give_the_bytes_of_one_process(run, client, tmp_path):
    for full in (False, True):
        run(members=1500, seed=7, full=full, out=tmp_path / "one.nc")
        run(members=1500, seed=7, full=full, out=tmp_path / "two.nc", client=client)
        assert sha(tmp_path / "one.nc") == sha(tmp_path / "two.nc")
    assert sorted(each.name for each in tmp_path.iterdir()) == ["one.nc", "two.nc"]


@pytest.mark.skipif(os.name != "posix", reason="signals")
def test_a_killed_worker_loses_nothing(model, client, tmp_path, monkeypatch):
    import krapte_sd.ensemble as ensemble

    original = ensemble.run_ensemble
    monkeypatch.setattr(ensemble, "run_ensemble", lambda *a, **o: original(*a, **o, chunk=8))
    workers = client.run(os.getpid)
    kept, put, lock = [], Parts.put, threading.Lock()

    def told(self, number, block):
        put(self, number, block)
        with lock:
            kept.append(number)
            if len(kept) == 20:
                os.kill(next(iter(workers.values())), signal.SIGKILL)

    monkeypatch.setattr(Parts, "put", told)
    outputs = {"save": SAVE, "integrate": INTEGRATE, "members": 400, "seed": 7, "full": True}
    model.run(**outputs, out=tmp_path / "killed.nc", client=client)
    assert sorted(kept) == list(range(50))
    client.wait_for_workers(2, timeout=60)
    assert set(client.run(os.getpid).values()) != set(workers.values())
    monkeypatch.undo()
    model.run(**outputs, out=tmp_path / "whole.nc")
    assert sha(tmp_path / "killed.nc") == sha(tmp_path / "whole.nc")


def test_a_mistake_on_a_worker_comes_back_as_it_is(client, tmp_path):
    import krapte_sd as ks

    model = make(tmp_path)
    path = tmp_path / "small.mdl"
    path.write_text(path.read_text().replace("(1+layoff time)", "MAX(0, 0.9-layoff time)"))
    other = ks.load_model(path).with_parameters(model.parameters)
    with pytest.raises(SolverError, match=r"is not finite first at \d+ in member \d+") as caught:
        other.run(save=["jobs"], integrate=["lost_jobs"], members=100, seed=7, client=client)
    assert caught.value.problems


def test_what_is_not_a_client_is_refused(run):
    with pytest.raises(ParameterError, match=r"client must be a distributed\.Client, found str"):
        run(members=3, client="tcp://127.0.0.1:8786")
