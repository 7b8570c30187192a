"""Use of a device by the host: chunk sizes, copies, the command line, and machines without a device."""

import builtins
import subprocess
import sys
from contextlib import contextmanager

import fake_cupy
import numpy as np
import pytest

import vmm
from vmm.backend.device import MAX_PIXELS, Transfer, chunk_length, frames_at_once, require
from vmm.cli import main
from vmm.data import synthetic
from vmm.engine.frames import cut


@pytest.mark.parametrize("pixels", [1, 720 * 1280, 1080 * 1920, 2160 * 3840])
@pytest.mark.parametrize("free", [0, 2**20, 2**30, 2**34, 2**37])
def test_chunks_fit_the_free_memory(pixels, free):
    n = chunk_length(pixels, free)
    assert n >= 1 and n * pixels <= max(MAX_PIXELS, pixels)
    assert n == 1 or n * pixels * 128 <= free / 4
    assert chunk_length(pixels, 2 * free) >= n >= chunk_length(2 * pixels, free)


def test_the_free_memory_of_the_device_sets_the_chunk_length(device, monkeypatch):
    frames = device.put(np.zeros((40, 64, 64), np.uint8))
    assert frames_at_once(64 * 64) >= 1
    if device.xp.ndarray is fake_cupy.ndarray:
        monkeypatch.setattr(device.xp.cuda.runtime, "memGetInfo", lambda: (8 * 4 * 128 * 64 * 64, 0))
        monkeypatch.setattr(device.xp.get_default_memory_pool(), "free_bytes", lambda: 0, raising=False)
        assert [len(piece) for piece in cut(frames)] == [8] * 5


def test_chunks_are_copied_to_the_device_and_back(device, rng):
    """Chunks differ in length, and each result stays valid after later chunks are copied."""
    chunks = [rng.integers(0, 255, (n, 5, 6), dtype=np.uint8) for n in (4, 4, 3, 5, 4)]
    transfer = Transfer()
    there = list(transfer.to_device(iter(chunks)))
    assert all(np.array_equal(device.back(x), chunk) for x, chunk in zip(there, chunks, strict=True))
    back = list(transfer.to_host(x[:, ::2] for x in there))
    assert all(np.array_equal(x, chunk[:, ::2]) for x, chunk in zip(back, chunks, strict=True))
    assert min(transfer.seconds.values()) >= 0 and not list(transfer.to_device(iter([])))


def test_the_next_chunk_is_requested_before_this_one_is_used(device):
    asked = []

    def chunks():
        for k in range(3):
            asked.append(k)
            yield np.full((2, 3, 4), k, np.uint8)

    there = Transfer().to_device(chunks())
    for k in range(3):
        assert device.back(next(there)).max() == k
        assert asked[-1] == min(k + 1, 2)


@pytest.mark.parametrize("name", ["phase", "riesz", "linear", "color", "bilateral"])
def test_methods_do_not_wait_for_the_device(name, rng):
    """A method waits a few times for the first frame and for the ends of a clip, whatever its length."""
    from devices import device_of

    def waits(frames):
        before = fake_cupy.transfers.copy()
        where = {"frequency": 6} if name == "bilateral" else {"band": (4, 9)}
        getattr(vmm, name).magnify(fake_cupy.on_device(frames), fs=30, **where)
        return sum((fake_cupy.transfers - before)[key] for key in ("wait", "down"))

    with device_of("stand-in, plain kernels"):
        frames = rng.integers(0, 255, (90, 32, 32), dtype=np.uint8)
        assert max(waits(frames), waits(frames[:20])) <= 6


# The command line.


@pytest.fixture
def video(tmp_path):
    frames = synthetic.render(synthetic.texture((32, 48)), synthetic.sway(40, 30, 2.5, 0.2))
    vmm.io.write(tmp_path / "in.mkv", frames, 30)
    return tmp_path / "in.mkv"


@pytest.mark.parametrize(
    "command",
    [
        pytest.param(["phase", "--band", "2", "3", "--temporal", "butterworth"], marks=pytest.mark.slow),
        pytest.param(["phase", "--band", "2", "3", "--temporal", "ideal"], marks=pytest.mark.slow),
        ["linear", "--band", "2", "3", "--roi", "4", "4", "20", "20"],
        ["riesz", "--band", "2", "3", "--compare"],
    ],
    ids=lambda command: " ".join(command),
)
def test_a_file_computed_on_the_device_equals_that_of_the_host(command, video, tmp_path, device, capsys):
    name, *options = command
    outs = [tmp_path / "host.mkv", tmp_path / "device.mkv"]
    for out, more in zip(outs, ([], ["--gpu"]), strict=True):
        capsys.readouterr()
        assert main([name, str(video), str(out), *options, "--quiet", *more]) == 0
    (one, _), (other, _) = (vmm.io.read(out) for out in outs)
    assert np.abs(one.astype(int) - other).max() <= 1
    printed = capsys.readouterr().out
    for part in ("waiting for the decoder", "waiting for the device", "waiting for copies up", "waiting for the enc"):
        assert part in printed


def test_stabilizing_stays_on_the_host(video, tmp_path, device, capsys):
    assert main(["phase", str(video), str(tmp_path / "out.mkv"), "--band", "2", "3", "--stabilize", "--gpu"]) == 2
    assert "leave --gpu out" in capsys.readouterr().err


# Machines without a device.


@contextmanager
def without(module, error, monkeypatch):
    imported = builtins.__import__

    def refuse(name, *args, **kwargs):
        if name.partition(".")[0] == module:
            raise error
        return imported(name, *args, **kwargs)

    with monkeypatch.context() as patch:
        patch.setattr(builtins, "__import__", refuse)
        yield


@pytest.mark.parametrize("error", [ImportError("No module named 'cupy'"), RuntimeError("libcuda.so is missing")])
def test_a_missing_cupy_is_reported_in_one_sentence(error, video, tmp_path, monkeypatch, capsys):
    with without("cupy", error, monkeypatch):
        assert main(["phase", str(video), str(tmp_path / "out.mkv"), "--band", "2", "3", "--gpu"]) == 2
    printed = capsys.readouterr().err
    assert str(error) in printed and "pip install cupy-cuda12x" in printed and printed.count("\n") == 1
    assert not (tmp_path / "out.mkv").exists()


def test_a_missing_device_is_reported_in_one_sentence(monkeypatch):
    from devices import device_of

    with device_of("stand-in, plain kernels") as device:
        monkeypatch.setattr(device.xp.cuda, "is_available", lambda: False)
        with pytest.raises(ImportError, match="finds no CUDA device; the GPU needs an NVIDIA GPU"):
            require()


def test_a_broken_cupy_does_not_affect_the_host(tmp_path):
    """CuPy without its libraries raises various errors on import, so code for the host must not import it."""
    for name in ("cupy", "cupyx"):
        (tmp_path / f"{name}.py").write_text("raise RuntimeError('no CUDA libraries')")
    code = (
        "import numpy as np, vmm\n"
        "clip = np.random.default_rng(0).integers(0, 255, (12, 24, 32), dtype=np.uint8)\n"
        "print(vmm.linear.magnify(clip, (4, 9), fs=30).shape, vmm.phase.magnify(clip, (4, 9), fs=30).shape)\n"
        "print(vmm.measure.displacement(clip).values.shape)"
    )
    run = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path.insert(0, {str(tmp_path)!r})\n{code}"],
        capture_output=True,
        text=True,
    )
    assert run.stdout == "(12, 24, 32) (12, 24, 32)\n(12, 1, 2)\n", run.stderr
