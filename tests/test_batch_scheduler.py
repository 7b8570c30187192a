"""The command batch on workers of dask.distributed."""

import os
import signal
import time
from typing import Any

import numpy as np
import pytest

import vmm
from vmm.cli import main
from vmm.cli.batch import _job
from vmm.cli.batch_scheduler import check_folder, run
from vmm.data import synthetic

distributed = pytest.importorskip("distributed", reason="dask.distributed is not installed")

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore::DeprecationWarning")]


@pytest.fixture(scope="module")
def cluster():
    with distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster:
        yield cluster


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    frames = synthetic.render(synthetic.texture((64, 96)), synthetic.sway(60, 30, 2.5, 0.2))
    for n in range(6):
        vmm.io.write(f"{n}.mkv", np.roll(frames, n, axis=2), 30)
    return tmp_path


def test_the_outputs_equal_those_of_one_machine(cluster, folder, capsys):
    words = ["--quiet", "--", "linear", "--band", "2", "3"]
    assert main(["batch", "*.mkv", "--out", "there", "--scheduler", cluster.scheduler_address, *words]) == 0
    assert main(["batch", "*.mkv", "--out", "here", *words]) == 0
    assert capsys.readouterr().out.count("6 done, 0 skipped, 0 failed") == 2
    for n in range(6):
        assert (folder / f"there/{n}_linear.mp4").read_bytes() == (folder / f"here/{n}_linear.mp4").read_bytes()


def test_a_killed_worker_loses_nothing(cluster, folder):
    jobs = [_job("phase", ["--band", "2", "3"], f"{n}.mkv", f"{n}.mp4") for n in range(6)]
    outcomes: dict[Any, int] = {}
    with distributed.Client(cluster) as client:
        numbers = list(client.run(os.getpid).values())
    for job, outcome, _ in run(cluster.scheduler_address, jobs, folder, None):
        if not outcomes:
            os.kill(numbers[0], signal.SIGKILL)
        assert job not in outcomes
        outcomes[job] = outcome.status
    assert list(outcomes.values()) == [0] * 6
    end = time.monotonic() + 60
    while any(path.name.startswith(".vmm") for path in folder.iterdir()):  # The command of the lost worker ends.
        assert time.monotonic() < end
        time.sleep(0.1)
    assert all(vmm.io.read(f"{n}.mp4")[0].shape == (60, 64, 96, 3) for n in range(6))


def test_a_lost_scheduler_is_one_sentence(folder):
    jobs = [_job("phase", ["--band", "2", "3"], f"{n}.mkv", f"{n}.mp4") for n in range(6)]
    with distributed.LocalCluster(n_workers=1, threads_per_worker=1, dashboard_address=":0") as other:
        outcomes = run(other.scheduler_address, jobs, folder, None)
        assert next(outcomes)[1].status == 0
        other.close()
        with pytest.raises(ConnectionError, match="to the scheduler was lost; start it again and repeat"):
            list(outcomes)


def test_mistakes(cluster, folder, capsys):
    address = cluster.scheduler_address
    words = ["--quiet", "--", "linear", "--band", "2", "3"]
    for options, sentence in (
        (["--scheduler", address, "--resources", "GPU"], "--resources GPU must be NAME=AMOUNT"),
        (["--scheduler", "tcp://127.0.0.1:1"], "no scheduler answers there"),
    ):
        assert main(["batch", "0.mkv", "--out", "out", *options, *words]) == 2
        assert sentence in capsys.readouterr().err


class _Blind:
    """A client of a scheduler whose second worker has another file system."""

    def scheduler_info(self):
        return {"workers": {"tcp://a:1": {}, "tcp://b:1": {}}}

    def run(self, see, path):
        return {"tcp://a:1": see(path), "tcp://b:1": False}


def test_a_worker_without_the_folder_is_named(tmp_path):
    with pytest.raises(ValueError, match=rf"the worker tcp://b:1 does not see the folder {tmp_path}: mount it there"):
        check_folder(_Blind(), tmp_path)
    assert list(tmp_path.iterdir()) == []
