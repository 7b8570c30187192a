"""Learned methods on the command line."""

import numpy as np
import pytest

import vmm
from vmm.cli import main
from vmm.data import synthetic


@pytest.fixture
def video(tmp_path):
    frames = synthetic.render(synthetic.texture((40, 48)), synthetic.sway(12, 30, 2.5, 0.2))
    vmm.io.write(tmp_path / "in.mkv", frames, 30)
    return tmp_path / "in.mkv"


def run(*arguments):
    return main([str(argument) for argument in arguments])


def test_against_the_first_frame(video, tmp_path):
    assert run("realtime", video, tmp_path / "out.mkv", "--mode", "static", "--alpha", 7, "--quiet") == 0
    frames, _ = vmm.io.read(video)
    out, rate = vmm.io.read(tmp_path / "out.mkv")
    assert rate == 30
    assert np.abs(out.astype(int) - vmm.realtime.magnify(frames, mode="static", alpha=7)).max() <= 1


def test_against_the_frame_before_and_in_a_band(video, tmp_path):
    out = tmp_path / "out.mkv"
    frames, _ = vmm.io.read(video)
    assert run("lightweight", video, out, "--mode", "dynamic", "--quiet") == 0
    assert np.abs(vmm.io.read(out)[0].astype(int) - vmm.lightweight.magnify(frames, mode="dynamic")).max() <= 1
    assert run("realtime", video, out, "--band", 2, 3, "--overwrite", "--quiet") == 0
    assert np.abs(vmm.io.read(out)[0].astype(int) - vmm.realtime.magnify(frames, (2, 3), fs=30)).max() <= 1


def test_a_clip_needs_a_band_or_a_mode(video, tmp_path, capsys):
    """The static mode magnifies changes of light, so that it is not the default of a clip."""
    assert run("realtime", video, tmp_path / "out.mkv", "--quiet") == 2
    assert "give --band LOW HIGH in Hz, which vmm suggest" in capsys.readouterr().err
    assert not (tmp_path / "out.mkv").exists()


def test_missing_weights(video, tmp_path, capsys):
    assert run("magnet", video, tmp_path / "out.mkv", "--mode", "static", "--weights", "nothing.onnx", "--quiet") == 2
    assert "nothing.encoder.onnx does not exist" in capsys.readouterr().err
    assert run("convert", tmp_path / "no.pth", tmp_path / "net.onnx", "--as", "magnet") == 2
    assert "no.pth: no such file" in capsys.readouterr().err
    assert {path.name for path in tmp_path.iterdir()} == {"in.mkv"}


def test_stabilization_needs_a_band(video, tmp_path, capsys):
    out = tmp_path / "out.mkv"
    for verb, hint in (("realtime", "give --band LOW HIGH"), ("flowmag", "flowmag takes none")):
        assert run(verb, video, out, "--stabilize", "--quiet") == 2
        assert f"--stabilize needs a band, which separates small motion from that of the camera: {hint}" in (
            capsys.readouterr().err
        )
    assert run("realtime", video, out, "--stabilize", "--band", 2, 3, "--quiet") == 0
    assert vmm.io.read(out)[0].shape == vmm.io.read(video)[0].shape
