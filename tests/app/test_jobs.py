"""Jobs of the app, and its command."""

import threading
import time

import pytest

from vmm.app.jobs import CommandJob, FunctionJob, Queue
from vmm.app.methods import offered
from vmm.cli import main


@pytest.fixture
def queue():
    queue = Queue()
    yield queue
    queue.close()


def wait(job, seconds=60.0):
    end = time.monotonic() + seconds
    while not job.has_ended:
        assert time.monotonic() < end
        time.sleep(0.005)
    return job


def test_jobs_run_one_after_another_and_report_errors(queue):
    order: list[int] = []
    jobs = [queue.submit(FunctionJob(f"job {i}", "test", lambda job: order.append(job.id))) for i in range(3)]

    def fail(_):
        raise ValueError("a sentence")

    failed = wait(queue.submit(FunctionJob("fails", "test", fail)))
    assert order == [job.id for job in jobs] and {job.state for job in jobs} == {"done"}
    assert failed.state == "failed" and failed.described()["message"] == "a sentence"


def test_cancel_of_a_running_and_of_a_waiting_job(queue):
    began = threading.Event()

    def work(job):
        job.total = 100
        while True:
            began.set()
            job.advance(1)
            time.sleep(0.001)

    running, waiting = queue.submit(FunctionJob("a", "test", work)), queue.submit(FunctionJob("b", "test", work))
    assert began.wait(10)
    waiting.cancel()
    running.cancel()
    assert wait(running).state == "canceled" and waiting.state == "canceled"


@pytest.mark.slow
def test_a_command_reports_its_sentence(queue, tmp_path):
    job = wait(queue.submit(CommandJob("x", "test", [["info", str(tmp_path / "no.mkv")]], lambda _: 1)))
    assert job.state == "failed" and job.message.endswith("no such file or folder")
    job = wait(queue.submit(CommandJob("x", "test", [["--version"], ["--version"]], lambda _: 1)))
    assert job.state == "done" and job.result == 1


def test_every_method_has_a_summary_and_an_alpha():
    for method in offered():
        assert method["summary"].endswith(".") and method["alpha"] > 0


def test_the_command_refuses_a_root_that_does_not_exist(capsys):
    pytest.importorskip("starlette", reason="the packages of the extra app are not installed")
    from vmm.app import command

    assert main(["app", "--root", "/no/such/folder", "--no-browser"], others=[command]) == 2
    assert "there is no such folder" in capsys.readouterr().err
