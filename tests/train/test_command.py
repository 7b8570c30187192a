"""The training command: options, termination and continuation, and the process that writes pairs."""

import importlib.util
import os
import re
import signal
import subprocess
import sys
import threading
import time

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("onnx")

from vmm.learned.weights import FOLDER  # noqa: E402
from vmm.train import __main__ as command  # noqa: E402
from vmm.train import sources, stream, textures  # noqa: E402
from vmm.train.architectures import ARCHITECTURES, architecture  # noqa: E402
from vmm.train.dataset import PairDataset  # noqa: E402
from vmm.train.loop import Settings, Training, start  # noqa: E402
from vmm.train.losses import LOSSES  # noqa: E402
from vmm.train.networks import Lightweight, RealTime  # noqa: E402
from vmm.train.pairs import Scenes, pairs  # noqa: E402
from vmm.train.processes import is_running, lock  # noqa: E402
from vmm.train.restore import weights  # noqa: E402
from vmm.train.textures import stored_texture_bank, texture_bank  # noqa: E402
from vmm.train.widen import widen  # noqa: E402

needs_signals = pytest.mark.skipif(os.name == "nt", reason="Windows has no signals that a process can handle")


@pytest.fixture
def trainer(tmp_path, monkeypatch):
    """A function that trains a small network in this process; its data set exists, and nothing is exported."""
    monkeypatch.setitem(ARCHITECTURES, "realtime", lambda: RealTime(4, 1, act="leaky", skip=True, shuffle=True))
    monkeypatch.setattr(command, "held_out", lambda net, device: {"1>2": 0.5})
    monkeypatch.setattr(command, "export", lambda *args, **options: [])
    monkeypatch.setattr(command, "calibration", lambda net, device: [])
    monkeypatch.setattr(command, "check_exporter", lambda: None)
    PairDataset(tmp_path / "pairs-32", size=8, patch=32).fill(batches())
    arguments = ["realtime", "--patch", "32", "--out", str(tmp_path), "--batch", "2"]
    return lambda *more, verb=None: command.main([*([verb] if verb else []), *arguments, *more])


def batches(n=2):
    """A stream of small batches."""
    return pairs(texture_bank(4, 4, side=160), n, Scenes(patch=32, max_output=4.0))


# Termination and continuation.


@needs_signals
def test_a_terminated_training_continues_from_its_checkpoint(trainer, tmp_path, monkeypatch, capsys):
    """The signal arrives in the fifth step; the same command trains for the rest of the time."""
    step = Training._step

    def terminated(self, sample):
        if self.step == 4:
            os.kill(os.getpid(), signal.SIGTERM)
        return step(self, sample)

    monkeypatch.setattr(Training, "_step", terminated)
    exported = []
    monkeypatch.setattr(command, "_export", lambda training, options: exported.append(training.step))
    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(SystemExit, match=r"stopped after .* minutes; the same command continues from .*realtime\.pt"):
        trainer("--minutes", "60")
    assert signal.getsignal(signal.SIGTERM) is before
    state = torch.load(tmp_path / "realtime.pt", weights_only=True)
    assert state["step"] == 5 and 0 < state["minutes"] < 60
    assert exported == [5]
    monkeypatch.setattr(Training, "_step", step)
    capsys.readouterr()
    trainer("--minutes", str(state["minutes"] + 0.005))
    assert capsys.readouterr().out.startswith("continuing after ")
    after = torch.load(tmp_path / "realtime.pt", weights_only=True)
    assert after["step"] > 5 and after["history"][0]["1>2"] == 0.5


@needs_signals
def test_a_training_that_is_terminated_before_its_first_step(trainer, tmp_path, monkeypatch):
    def source(options, batch, training):
        os.kill(os.getpid(), signal.SIGTERM)
        yield from ()

    monkeypatch.setattr(command, "dataset_batches", source)
    with pytest.raises(SystemExit, match=r"stopped after 0\.0 minutes"):
        trainer("--minutes", "60")
    assert torch.load(tmp_path / "realtime.pt", weights_only=True)["step"] == 0


def test_checkpoints_are_written_during_the_training(trainer, monkeypatch):
    saved = []
    monkeypatch.setattr(Training, "save", lambda self, path: saved.append(self.minutes))
    monkeypatch.setattr(command, "PROGRESS_MINUTES", 0.002)
    monkeypatch.setattr(command, "CHECKPOINT_MINUTES", 0.004)
    trainer("--minutes", "0.02")
    assert len(saved) >= 3 and saved[0] < 0.015


def test_the_reported_speed_is_that_of_the_whole_time(trainer, monkeypatch, capsys):
    """The speeds of all lines, times their durations, add up to the number of pairs."""
    monkeypatch.setattr(command, "PROGRESS_MINUTES", 0.005)
    trainer("--minutes", "0.02")
    rows = re.findall(r"([\d.]+) min, step (\d+), (\d+) pairs/s", capsys.readouterr().out)
    minutes, steps, speeds = (list(map(float, column)) for column in zip(*rows, strict=True))
    durations = [end - begin for begin, end in zip([0, *minutes], minutes, strict=False)]
    total = sum(60 * duration * speed for duration, speed in zip(durations, speeds, strict=True))
    assert total == pytest.approx(2 * steps[-1], rel=0.5)  # minutes are printed with two digits


@needs_signals
def test_blocks_that_can_be_removed_are_found_by_a_command(trainer, tmp_path, monkeypatch, capsys):
    """The network without the removed blocks is exported, and a table names the blocks."""
    exported = []

    def export(net, path, *args, **options):
        exported.append((net, path))
        return []

    monkeypatch.setattr(command, "export", export)
    monkeypatch.setattr(Training, "_step", lambda self, sample: self.mean.res[0].share.data.fill_(1.0))
    trainer("--minutes", "0.002", "--weight", "0.2", verb="remove")
    rows = (tmp_path / "realtime-blocks.csv").read_text().split()
    assert rows[0] == "block,removed" and "res.0,1.0" in rows and "act,0.0" in rows
    (net, path), *_ = exported
    assert path.name == "realtime-removed.onnx" and isinstance(net.res[0], torch.nn.Identity)
    assert "parameters remain" in capsys.readouterr().out


# Options.


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["realtime", "--fine"], "name them with --start PATH.onnx"),
        (["realtime", "--loss", "magnet"], "which realtime is not: choose --loss painted or --loss flowmag"),
        (["magnet", "--loss", "lightweight"], "which magnet is not"),
        (["realtime", "--proxy", "net.onnx"], "--proxy belongs to --loss lightweight"),
        (["realtime", "--widen", "net.onnx"], "--widen starts lightweight-base, not realtime"),
        (["realtime", "--minutes", "0"], "2"),  # the exit status of argparse
    ],
)
def test_options_that_contradict_each_other(options, message, tmp_path):
    with pytest.raises(SystemExit, match=message):
        command.main([*options, "--out", str(tmp_path / "out")])
    assert not (tmp_path / "out").exists()


def test_a_training_that_could_not_be_exported_does_not_begin(tmp_path, monkeypatch):
    """The package that the export needs is looked for before the training, and not after hours of it."""
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    for name in ("realtime", "refiner"):
        with pytest.raises(SystemExit, match="needs the package onnxscript: pip install onnxscript"):
            command.main([name, "--out", str(tmp_path / "out")])
    assert not (tmp_path / "out").exists()


def settings(*arguments):
    return command._settings(command._parser().parse_args(list(arguments)))


def test_settings_of_the_options():
    fine = settings("realtime", "--fine", "--start", "net.onnx")
    assert fine.fine and fine.rate == command.FINE_RATE and fine.light == Settings.light
    assert settings("realtime", "--fine", "--rate", "1e-5").rate == 1e-5
    assert settings("realtime", "--loss", "flowmag").light == 0.0
    assert settings("realtime", "--light", "0.01", "--noise", "0") == Settings(150.0, light=0.01, noise=0.0)
    assert settings("magnet", "--loss", "magnet").color > 0


def test_the_loss_with_a_proxy_differs_from_that_without(monkeypatch):
    monkeypatch.setitem(ARCHITECTURES, "lightweight-light", lambda: Lightweight(2))
    monkeypatch.setattr(command, "weights", lambda net, path: start(net, seed=1))
    parse = command._parser().parse_args
    arguments = ["lightweight-light", "--loss", "lightweight"]
    without, with_proxy = (command._loss(parse([*arguments, *more])) for more in ([], ["--proxy", "net.onnx"]))
    training = Training(start(Lightweight(2)), without, Settings(1.0))
    sample = training._sample(next(batches()))
    with torch.no_grad():
        assert with_proxy(training.net, sample, 1.0) > without(training.net, sample, 1.0)


@pytest.mark.parametrize("name", LOSSES)
def test_every_loss_is_reachable(name):
    network = next((net for net in ARCHITECTURES if net.startswith(name)), "realtime")
    options = command._parser().parse_args([network, "--loss", name])
    command._check(options)
    assert callable(command._loss(options))


def test_fine_training_uses_the_full_range_from_the_first_step():
    training = Training(start(RealTime(4, 1)), LOSSES["painted"](), Settings(10.0, fine=True))
    assert training.ramp == 1.0 and training.limits() == (50.0, 400.0)


# The process that writes pairs.


def test_one_process_writes_a_data_set(tmp_path, monkeypatch):
    dataset = PairDataset(tmp_path / "pairs", size=4, patch=32)
    with lock(tmp_path / "pairs" / "writer.lock"):
        assert (tmp_path / "pairs" / "writer.lock").read_text() == str(os.getpid())
        with pytest.raises(BlockingIOError, match=f"process {os.getpid()} writes .*pairs: wait until it has ended"):
            dataset.fill(batches())
        with pytest.raises(SystemExit, match="wait until it has ended, or choose another folder"):
            command.main(["pairs", str(tmp_path / "pairs")])
    assert len(dataset) == 0
    dataset.fill(batches())
    assert dataset.full and not (tmp_path / "pairs" / "writer.lock").exists()


@needs_signals
@pytest.mark.parametrize("content", ["ended", "", "no number"])
def test_the_lock_of_a_process_that_has_ended_is_replaced(content, tmp_path):
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    assert not is_running(process.pid) and is_running(os.getpid())
    path = tmp_path / "writer.lock"
    path.write_text(str(process.pid) if content == "ended" else content)
    with lock(path):
        assert path.read_text() == str(os.getpid())
    assert not path.exists()


def test_the_lock_is_removed_after_an_error(tmp_path):
    dataset = PairDataset(tmp_path, size=4, patch=32)

    def failing():
        yield next(batches())
        raise RuntimeError("no more")

    with pytest.raises(RuntimeError, match="no more"):
        dataset.fill(failing())
    assert len(dataset) == 2 and not (tmp_path / "writer.lock").exists()


def test_a_writer_waits_for_another_one(tmp_path, monkeypatch):
    """The writer of a trainer takes over when the other writer has ended."""
    held = lock(tmp_path / "writer.lock")
    PairDataset(tmp_path, size=4, patch=32)
    held.__enter__()
    monkeypatch.setattr(time, "sleep", lambda seconds: held.__exit__(None, None, None))
    monkeypatch.setattr(sources, "texture_bank", lambda *n, **options: texture_bank(4, 4, side=160))
    command.main(["pairs", str(tmp_path), "--patch", "32", "--max-output", "4", "--parent", str(os.getppid())])
    assert PairDataset(tmp_path).full


@needs_signals
def test_a_writer_without_a_parent_ends(tmp_path, monkeypatch):
    monkeypatch.setattr(sources, "texture_bank", lambda *n, **options: time.sleep(60))
    with pytest.raises(SystemExit):
        command.main(["pairs", str(tmp_path), "--pairs", "4", "--patch", "32", "--parent", "1000000000"])
    assert len(PairDataset(tmp_path)) == 0 and not (tmp_path / "writer.lock").exists()


@needs_signals
@pytest.mark.slow
def test_the_writer_ends_with_its_parent(tmp_path):
    """The parent is killed, so that it cannot end the writer itself."""
    path = tmp_path / "pairs"
    run = f"""
import os, subprocess, sys
command = [sys.executable, "-m", "vmm.train", "pairs", {str(path)!r}, "--patch", "16", "--max-output", "4"]
subprocess.run([*command, "--parent", str(os.getpid())])
"""
    parent = subprocess.Popen([sys.executable, "-c", run])
    limit = time.monotonic() + 120
    while not (path / "writer.lock").exists() and time.monotonic() < limit:
        time.sleep(0.2)
    writer = int((path / "writer.lock").read_text())
    assert is_running(writer)
    parent.kill()
    parent.wait()
    while (path / "writer.lock").exists() and time.monotonic() < limit:
        time.sleep(0.2)
    assert not (path / "writer.lock").exists() and not PairDataset(path).full


# Parts of the training.


def test_the_texture_bank_does_not_depend_on_the_number_of_processes():
    one, two = (texture_bank(9, 3, side=64, seed=5, processes=n) for n in (1, 2))
    assert torch.equal(one.textures, two.textures) and torch.equal(one.mattes, two.mattes)
    assert not torch.equal(one.textures, texture_bank(9, 3, side=64, seed=6).textures)


@pytest.mark.parametrize("light", [0.0, 0.1])
def test_only_frame_a_has_another_light(light):
    """The ground truth is exact, since it has the light of frame b, and frame b is as it was generated."""
    training = Training(start(RealTime(4, 1)), LOSSES["painted"](), Settings(1.0, light=light, noise=0.0))
    batch = next(batches(64))
    sample = training._sample(batch)
    a, b, target = (frames.float() / 127.5 - 1 for frames in batch[:3])
    torch.testing.assert_close(sample.b, b)
    torch.testing.assert_close(sample.clean_b, b)
    torch.testing.assert_close(sample.target, target)
    torch.testing.assert_close(sample.clean_a, sample.a)
    changes = (sample.a - a).abs().amax((1, 2, 3))
    share = (changes > 1e-5).float().mean()
    assert share == 0 if light == 0 else 0.5 < share < 0.9
    assert changes.max() < 6 * light + 1e-5 and sample.a.abs().max() <= 1


def test_pairs_that_a_device_generates_respect_the_curriculum(monkeypatch):
    """New pairs have the new bounds; earlier pairs remain in the pool for some time."""
    monkeypatch.setattr(stream, "AT_ONCE", 16)
    bounds = [(2.0, 5.0)]
    source = stream.generated(texture_bank(4, 4, side=160), 4, lambda: bounds[0], patch=32, max_output=6.0)
    assert all((batch.reach <= 2.001).all() and (batch.factor <= 5).all() for batch in (next(source), next(source)))
    bounds[0] = (50.0, 400.0)
    largest = max(batch.factor.max() for _, batch in zip(range(48), source, strict=False))
    assert 20 < largest <= 100


def test_pairs_of_the_pool_are_augmented_alike():
    stored = next(batches(8))
    stored = stored._replace(b=stored.a, target=stored.a)
    rng = np.random.default_rng(0)
    orders = []
    for _ in range(16):
        one = stream._augmented(stored, np.arange(8), rng)
        assert torch.equal(one.a, one.b) and torch.equal(one.a, one.target) and torch.equal(one.factor, stored.factor)
        assert torch.equal(one.a.flatten(1).sort().values, stored.a.flatten(1).sort().values)
        orders.append(one.a)
    assert sum(torch.equal(one, orders[0]) for one in orders) < 8


def test_a_training_whose_pairs_the_device_generates(trainer, tmp_path, monkeypatch):
    """The textures are stored, and a second training reads them."""
    sides = []

    def bank(**options):
        sides.append(options["side"])
        return texture_bank(4, 4, side=160)

    monkeypatch.setattr(command, "dataset_batches", sources.generated_batches)
    monkeypatch.setattr(stream, "AT_ONCE", 4)
    monkeypatch.setattr(textures, "texture_bank", bank)
    for name in ("one", "two"):
        folder = ["--out", str(tmp_path / name), "--textures", str(tmp_path / "textures.pt")]
        trainer("--minutes", "0.005", "--max-output", "4", *folder)
    assert sides == [stream.side(32, 4.0)] and (tmp_path / "two" / "realtime.pt").exists()


def test_processes_share_a_file_of_textures(tmp_path):
    """A process that finds the lock of another one waits for the file of that one."""
    path = tmp_path / "textures.pt"
    with lock(f"{path}.lock"):
        results = []
        waiting = threading.Thread(target=lambda: results.append(stored_texture_bank(path, 5, 5, side=64)))
        waiting.start()
        torch.save(texture_bank(3, 2, side=64)._asdict(), path)
        waiting.join(60)
    assert len(results[0].textures) == 3 and not path.with_name("textures.pt.lock").exists()


def test_the_base_size_starts_from_the_light_size(tmp_path):
    """The widened network computes the same as the installed one, and its copies of a channel differ in weight."""
    installed = str(FOLDER / "lightweight-light.onnx")
    options = command._parser().parse_args(["lightweight-base", "--fine", "--widen", installed])
    command._check(options)
    base, light = command._initial(options), weights(architecture("lightweight-light"), installed)
    a, b = 2 * torch.rand(2, 1, 3, 32, 48) - 1
    with torch.no_grad():
        for factor in (2.0, 50.0):
            one, other = (
                net(a, (a + 0.05 * b).clamp(-1, 1), torch.full((1, 1, 1, 1), factor)) for net in (base, light)
            )
            torch.testing.assert_close(one, other, atol=1e-4, rtol=0)
    kernel = base.decoder.in1.weight
    assert (kernel[:, 0] - kernel[:, 1]).abs().mean() > 0.5 * kernel.abs().mean()


def test_networks_that_cannot_be_widened():
    with pytest.raises(ValueError, match="must be a multiple of the 4 channels of the smaller network"):
        widen(Lightweight(4), Lightweight(6))
    with pytest.raises(ValueError, match="different layers"):
        widen(RealTime(4, 1), RealTime(8, 2))
