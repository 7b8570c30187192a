"""Options of the command line that all methods share: presets, several bands, stabilization."""

import re
from typing import Any

import numpy as np
import pytest

import vmm
from vmm.cli import _parser, main
from vmm.data import synthetic

FS = 30


@pytest.fixture
def video(tmp_path):
    frames = synthetic.render(synthetic.texture((48, 64)), synthetic.sway(40, FS, 2.5, 0.2))
    vmm.io.write(tmp_path / "in.mkv", frames, FS)
    return tmp_path / "in.mkv"


def run(*arguments):
    try:
        return main([*(str(argument) for argument in arguments), "--quiet"])
    except SystemExit as stop:  # argparse
        return stop.code


def written(path, expected):
    return np.abs(vmm.io.read(path)[0].astype(int) - expected).max() <= 1


def test_a_preset_by_name(video, tmp_path):
    frames, out = vmm.io.read(video)[0], tmp_path / "out.mkv"
    assert run("linear", video, out, "--preset", "baby") == 0
    assert written(out, vmm.linear.magnify(frames, **vmm.presets["baby"]["linear"]))
    assert run("linear", video, out, "--preset", "camera", "--alpha", 7, "--overwrite") == 0
    settings = {**vmm.presets["camera"]["linear"], "alpha": 7}
    assert settings["fs"] == 300
    assert written(out, vmm.linear.magnify(frames, **settings))
    assert vmm.io.info(out).fps == 30  # that of the camera is not that of the player
    assert run("acceleration", video, out, "--preset", "parkinson", "--overwrite") == 0
    assert written(out, vmm.acceleration.magnify(frames, 3.0, fs=30, alpha=8))


def test_a_preset_of_another_method(video, tmp_path, capsys):
    assert run("linear", video, tmp_path / "out.mkv", "--preset", "crane") == 2
    assert "invalid choice: 'crane'" in capsys.readouterr().err


def test_several_bands(video, tmp_path, capsys):
    frames, out = vmm.io.read(video)[0], tmp_path / "out.mkv"
    bands = ["--band", 2, 3, "--band", 5, 8]
    assert run("phase", video, out, *bands, "--alpha", 9, "--alpha", -1) == 0
    assert written(out, vmm.phase.magnify(frames, [(2, 3), (5, 8)], fs=FS, alpha=[9, -1]))
    assert run("phase", video, out, *bands, "--alpha", 9, "--overwrite") == 2
    assert "must hold one number for each of the 2 bands" in capsys.readouterr().err


@pytest.mark.slow
def test_motion_since_the_first_frame(video, tmp_path, capsys):
    frames, out = vmm.io.read(video)[0], tmp_path / "out.mkv"
    options = ["--alpha", 3, "--limit", 8, "--roi", 8, 12, 32, 40, "--end", 0.3]
    assert run("gradient", video, out, "--static", *options) == 0
    assert written(out, vmm.gradient.magnify(frames[:9], None, alpha=3, limit=8, mask=(8, 12, 32, 40)))
    assert run("gradient", video, out, "--overwrite") == 2
    assert "--band in Hz is missing" in capsys.readouterr().err


@pytest.mark.slow
@pytest.mark.parametrize("roi", [None, (8, 12, 32, 36)])
def test_stabilized(roi, video, tmp_path):
    frames, out = vmm.io.read(video)[0], tmp_path / "out.mkv"
    box = [] if roi is None else ["--roi", *roi]
    assert run("phase", "--band", 2, 3, "--alpha", 6, "--stabilize", video, out, *box) == 0
    expected = vmm.stabilize.magnify(frames, (2, 3), fs=FS, alpha=6, roi=roi)
    assert written(out, expected)
    assert np.abs(expected.astype(int) - vmm.phase.magnify(frames, (2, 3), fs=FS, alpha=6)).max() > 2
    assert run("acceleration", video, out, "--frequency", 2.5, "--stabilize", *box, "--overwrite") == 0
    assert written(out, vmm.stabilize.magnify(frames, 2.5, fs=FS, alpha=8, roi=roi, method=vmm.acceleration.magnify))


@pytest.mark.parametrize(("name", "option"), [("phase", "--band"), ("jerk", "--frequency")])
def test_a_missing_band_is_an_error_that_names_the_option(name, option, video, tmp_path, capsys):
    assert run(name, video, tmp_path / "out.mkv") == 2
    printed = capsys.readouterr().err.strip()
    assert printed.startswith(f"vmm: error: {option} in Hz is missing") and "\n" not in printed
    assert f"vmm suggest {video} finds" in printed
    assert not (tmp_path / "out.mkv").exists()


@pytest.mark.parametrize(
    "option", [["--band", 2, 3], ["--sigma", 2], ["--temporal", "iir"], ["--chroma", "none"], ["--stabilize"]]
)
def test_options_of_a_band_are_refused_with_static(option, video, tmp_path, capsys):
    assert run("gradient", video, tmp_path / "out.mkv", "--static", *option) == 2
    assert f"{option[0]} has no effect with --static" in capsys.readouterr().err
    assert not (tmp_path / "out.mkv").exists()


WRONG: dict[str, tuple[list[Any], str]] = {
    "band": (["acceleration", "a.mkv", "b.mkv", "--band", 4, 6], "acceleration takes --frequency, one number in Hz"),
    "frequency": (["phase", "a.mkv", "b.mkv", "--frequency", 4], "phase takes --band LOW HIGH in Hz"),
    "neither": (["flowmag", "a.mkv", "b.mkv", "--band", 4, 6], "flowmag takes no --band"),
    "choice": (["riesz", "a.mkv", "b.mkv", "--kernel", "5-tap"], "choose from '?3-tap'?, '?3x3'?"),
}


@pytest.mark.parametrize("case", WRONG)
def test_wrong_options_are_explained_in_one_line(case, capsys):
    arguments, message = WRONG[case]
    assert run(*arguments) == 2
    error = capsys.readouterr().err
    assert re.search(message, error) and error.count("\n") == 1 and error.endswith(f"vmm {arguments[0]} --help\n")


def test_a_switch_needs_no_value():
    """An option that is true or false is true without a value."""
    parse = _parser().parse_args
    options = parse(["gradient", "a.mkv", "b.mkv", "--denoise", "false", "--refine"])
    assert (options.denoise, options.refine) == (False, True)


@pytest.mark.parametrize("name", [*vmm.METHODS, *vmm.LEARNED])
def test_help_has_no_markup(name, capsys):
    assert run(name, "--help") == 0
    text = capsys.readouterr().out
    assert not re.search(r"`|\[\d\]_|``", text)


def test_a_box_outside_the_frame_names_its_option(video, tmp_path, capsys):
    assert run("phase", video, tmp_path / "out.mkv", "--band", 2, 3, "--roi", 0, 0, 5000, 10) == 2
    error = capsys.readouterr().err
    assert "--roi 0 0 5000 10 (TOP LEFT HEIGHT WIDTH) must be inside the frame, which is 48 pixels high" in error
