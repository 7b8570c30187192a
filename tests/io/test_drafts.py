"""Drafts: names, locks, leftovers of processes that were killed, and files that appear in the meantime."""

import errno
import os
import platform
import re
import signal
import stat
import threading
import time
from contextlib import ExitStack, contextmanager

import numpy as np
import pytest

import vmm
from vmm.io import drafts
from vmm.io.destination import check_destination
from vmm.io.drafts import draft
from vmm.io.prefetch import prefetch

needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="this platform cannot fork")
pytestmark = pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")


def names_in(folder):
    return sorted(path.name for path in folder.iterdir())


def write(path, text="new", *, overwrite=False):
    with draft(path, overwrite=overwrite) as temporary:
        temporary.write_text(text)


@contextmanager
def child(action):
    """A child of this process, which calls a function; it is killed at the end of the context, by SIGKILL."""
    reading, writing = os.pipe()
    process = os.fork()
    if process == 0:
        try:
            action(lambda: os.write(writing, b"!"))
        finally:
            os._exit(1)
    os.close(writing)
    try:
        assert os.read(reading, 1) == b"!"
        yield process
    finally:
        os.kill(process, signal.SIGKILL)
        os.waitpid(process, 0)
        os.close(reading)


def writing_for_ever(path):
    def action(ready):
        with draft(path, overwrite=True) as temporary:
            temporary.mkdir()
            (temporary / "half").write_text("half")
            ready()
            time.sleep(60)

    return action


# Names.


@pytest.mark.skipif(os.name == "nt", reason="permissions of POSIX")
def test_drafts_have_a_folder_of_their_own(tmp_path):
    paths = []
    for _ in range(2):
        with draft(tmp_path / "out.txt", overwrite=True) as temporary:
            temporary.write_text("new")
            paths.append(temporary.parent)
            assert stat.S_IMODE(temporary.parent.stat().st_mode) == 0o700
    assert paths[0] != paths[1] and all(path.parent == tmp_path for path in paths)
    assert names_in(tmp_path) == ["out.txt"]


@pytest.mark.skipif(os.name == "nt", reason="links need permission there")
def test_links_that_somebody_planted_are_not_followed(tmp_path, monkeypatch):
    victim, shared = tmp_path / "victim", tmp_path / "shared"
    victim.mkdir()
    shared.mkdir()
    (shared / f"{drafts.PREFIX}foreseen").symlink_to(victim)
    monkeypatch.setattr("tempfile._get_candidate_names", lambda: iter(["foreseen", "random"]))
    write(shared / "out.txt")
    assert names_in(victim) == [] and (shared / "out.txt").read_text() == "new"
    (victim / "file").write_text("old")
    (shared / "link").symlink_to(victim / "file")
    write(shared / "link", overwrite=True)
    assert (victim / "file").read_text() == "old" and (shared / "link").read_text() == "new"
    (shared / "dangling").symlink_to(victim / "nothing")
    with pytest.raises(FileExistsError, match="was created by another program or run"):
        write(shared / "dangling")
    assert names_in(victim) == ["file"]


@pytest.mark.parametrize("name", ["a" * 251, "é" * 125 + "a", "\N{GRINNING FACE}" * 62 + "abc"])
def test_the_longest_names(name, tmp_path):
    vmm.measure.save(tmp_path / f"{name}.csv", np.zeros(4), fs=2)
    assert names_in(tmp_path) == [f"{name}.csv"]


def test_errors_name_the_destination(tmp_path):
    path = tmp_path / "out.txt"
    for error in (OSError(errno.ENOSPC, "No space left on device"), OSError("1000 requested and 24 written")):
        with pytest.raises(OSError, match=r"No space left|the disk is full") as raised, draft(path, overwrite=False):
            raise error
        assert str(path) in str(raised.value)
    with pytest.raises(ValueError, match=re.escape(f"{path}: no video")), draft(path, overwrite=False) as temporary:
        raise ValueError(f"{temporary}: no video")
    assert names_in(tmp_path) == []


# Files that appear while a draft is in use.


@pytest.mark.parametrize("has_links", [True, False])
@pytest.mark.parametrize("kind", ["file", "folder"])
def test_files_that_appear_in_the_meantime_are_not_replaced(kind, has_links, tmp_path, monkeypatch):
    def no_links(*_):
        raise PermissionError(errno.EPERM, "Operation not permitted")

    if not has_links:
        monkeypatch.setattr(os, "link", no_links)
    path = tmp_path / "out"

    def attempt(meanwhile, overwrite=False):
        with draft(path, overwrite=overwrite) as temporary:
            make(temporary, "new")
            meanwhile()

    def make(path, text):
        if kind == "folder":
            path.mkdir()
            path /= "file"
        path.write_text(text)

    def text():
        return (path / "file" if kind == "folder" else path).read_text()

    with pytest.raises(FileExistsError, match=r"created by another program or run .* is left as it is"):
        attempt(lambda: make(path, "theirs"))
    assert text() == "theirs" and names_in(tmp_path) == ["out"]
    attempt(lambda: None, overwrite=True)
    assert text() == "new" and names_in(tmp_path) == ["out"]


def test_one_of_several_threads_wins(tmp_path):
    outcomes: list[str] = []

    def run():
        try:
            with draft(tmp_path / "out.txt", overwrite=False) as temporary:
                temporary.write_text("new")
                barrier.wait(60)
            outcomes.append("")
        except FileExistsError as error:
            outcomes.append(str(error))
            barrier.wait(60)

    barrier = threading.Barrier(4)
    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(map(bool, outcomes)) == [False, True, True, True]
    assert all("another run is writing this file at the moment" in text for text in outcomes if text)
    assert names_in(tmp_path) == ["out.txt"]


# Other processes.


@needs_fork
def test_leftovers_of_killed_processes_are_removed_and_drafts_in_use_are_not(tmp_path):
    path = tmp_path / "out"
    with child(writing_for_ever(path)):
        (folder,) = tmp_path.iterdir()
        write(tmp_path / "other.txt")
        for attempt in (lambda: write(path), lambda: check_destination(path, overwrite=True)):
            with pytest.raises(FileExistsError, match="another run is writing this file"):
                attempt()
        assert (folder / "draft" / "half").exists()
    assert folder.exists()
    check_destination(path, overwrite=False)
    assert names_in(tmp_path) == ["other.txt"]


def test_drafts_that_may_belong_to_somebody_else_are_not_removed(tmp_path, monkeypatch):
    folder = tmp_path / f"{drafts.PREFIX}abandoned"
    folder.mkdir()
    (folder / "lock").write_text("another machine\nout.txt")
    write(tmp_path / "out.txt")
    assert folder.exists()  # Its machine may be writing to a network disk that does not show its locks to others.
    (folder / "lock").write_text(f"{platform.node()}\nout.txt")
    if hasattr(os, "geteuid"):
        with monkeypatch.context() as patch:
            patch.setattr(os, "geteuid", lambda: os.getuid() + 1)
            write(tmp_path / "out.txt", overwrite=True)
        assert folder.exists()
    write(tmp_path / "out.txt", overwrite=True)
    assert names_in(tmp_path) == ["out.txt"]
    folder.mkdir()
    (folder / "lock").write_text("another machine\nout.txt")
    monkeypatch.setattr(drafts, "_ABANDONED", -60.0)
    write(tmp_path / "out.txt", overwrite=True)
    assert names_in(tmp_path) == ["out.txt"]


@pytest.mark.skipif(os.name == "nt", reason="locks of POSIX")
def test_file_systems_without_locks(tmp_path, monkeypatch):
    """Nothing is removed there, since nobody can know whether it is in use."""

    def no_locks(*_):
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr("fcntl.flock", no_locks)
    folder = tmp_path / f"{drafts.PREFIX}abandoned"
    folder.mkdir()
    (folder / "lock").write_text(f"{platform.node()}\nout.txt")
    write(tmp_path / "out.txt")
    assert names_in(tmp_path) == [folder.name, "out.txt"]


@needs_fork
def test_the_child_of_a_fork_leaves_the_draft_to_its_parent(tmp_path):
    with ExitStack() as stack:
        temporary = stack.enter_context(draft(tmp_path / "out.txt", overwrite=False))
        temporary.write_text("new")

        def action(ready):
            stack.__exit__(ValueError, ValueError(), None)
            ready()

        with child(action):
            assert temporary.exists()
    assert (tmp_path / "out.txt").read_text() == "new"


@needs_fork
def test_a_clip_that_is_read_on_in_the_child_of_a_fork(tmp_path):
    chunks = prefetch(iter(range(10)))
    assert next(chunks) == 0

    def action(ready):
        try:
            next(chunks)
        except RuntimeError as error:
            (tmp_path / "message").write_text(str(error))
        ready()

    with child(action):
        assert "open the clip again there" in (tmp_path / "message").read_text()
    assert list(chunks) == list(range(1, 10))
