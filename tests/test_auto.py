"""The choice of what is magnified in a clip, and black bars at the sides of the picture."""

import re
from functools import partial
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import scipy.ndimage
from test_cli import run

import vmm
from vmm.auto import _names
from vmm.auto._camera import CameraState, _is_followed, _line, _zoom, camera_state
from vmm.auto._choice import Choice, Decision
from vmm.auto._choose import _independent, _is_light, _shake_message
from vmm.auto._cuts import cuts, longest_scene
from vmm.auto._far_motion import far_motion
from vmm.auto._place import clearest_region
from vmm.data import synthetic
from vmm.engine.bars import picture
from vmm.measure.estimation._camera_motion import CameraMotion

FS = 30


def swaying(size=(64, 80), n=120, *, frequency=4.0, amplitude=0.1, path=None, noise=1.0, seed=0):
    motion = synthetic.sway(n, FS, frequency, amplitude) if path is None else path
    return synthetic.render(synthetic.texture(size, seed=seed), motion, noise=noise, seed=seed)


def test_bars_keep_their_values():
    clip = np.full((2, 48, 64), 10, np.uint8)
    clip[:, 8:-8] = swaying((32, 64), 2).clip(40, 255)
    assert picture(clip[0]) == (8, 0, 32, 64)
    assert picture(clip[0].T) == (0, 8, 64, 32)
    assert picture(np.repeat(clip[0][..., None], 3, axis=-1)) == (8, 0, 32, 64)
    clip = np.repeat(clip, 10, axis=0)
    clip[10:, 8:-8] = np.roll(clip[10:, 8:-8], 1, axis=2)
    for out in (
        vmm.linear.magnify(clip, (2, 10), fs=FS, alpha=20),
        vmm.lagrangian.magnify(clip, (2, 10), fs=FS, alpha=20),
        vmm.stabilize.magnify(clip, (2, 10), fs=FS, alpha=20, roi=(8, 0, 32, 64)),
    ):
        assert (out[:, :8] == 10).all() and (out[:, -8:] == 10).all() and not np.array_equal(out, clip)


def test_dark_scenes_have_no_bars():
    disc = np.hypot(*np.mgrid[-24:24, -32:32]) < 12
    half = np.arange(64) < 40
    dark, bright = np.zeros((48, 64), np.uint8), np.full((48, 64), 255, np.uint8)
    for frame in (dark, bright, disc * bright, half * bright):
        assert picture(frame) is None


def test_cuts():
    scenes = [swaying(n=40, amplitude=1.0, seed=seed) for seed in (1, 2, 3)]
    clip = np.concatenate([scenes[0], scenes[1][:20], scenes[2]])
    assert cuts(lambda: clip) == (40, 60) and longest_scene((40, 60), 110) == (60, 110)
    jump = swaying(n=60, path=np.repeat([(0, 0), (6, 20)], 30, axis=0))
    assert cuts(lambda: jump) == (30,)
    decision = vmm.auto.choose(clip, fs=FS)
    assert decision.cuts == (40, 60) and not decision.choices and "1.333 s, 2 s (a cut)" in decision.messages[0]


def test_clips_without_cuts():
    generator = np.random.default_rng(1)
    noise = generator.integers(0, 256, (60, 48, 64), dtype=np.uint8)
    black = np.zeros((60, 48, 64), np.uint8)
    light = swaying(n=60, amplitude=0.0) * (1 - 0.4 * (np.arange(60) % 3 == 0))[:, None, None]
    flash, late = swaying(n=60), swaying(n=60)
    flash[30] = 255
    late[58:] = flash[:2] // 2 + 100
    pan = swaying(n=60, path=3.0 * np.arange(60)[:, None] * [0, 1])
    for clip in (noise, black, light, flash, late, pan, swaying(n=60, amplitude=8.0), black[:8]):
        assert cuts(partial(np.asarray, clip)) == ()


def test_pan():
    decision = vmm.auto.choose(swaying(n=90, path=1.3 * np.arange(90)[:, None] * [0, 1], noise=2.0), fs=FS)
    assert not decision.choices and "camera pans" in decision.messages[0]


def zooming(rate, size=(64, 80), n=60):
    """A scene whose size grows by `rate` per frame."""
    scene = synthetic.texture((3 * size[0], 3 * size[1]), blur=1.5)((0.0, 0.0))
    places = [np.arange(n) - (n - 1) / 2 for n in size]
    grids = (
        np.meshgrid(*(p / (1 + rate * t) + 1.5 * m for p, m in zip(places, size, strict=True)), indexing="ij")
        for t in range(n)
    )
    frames = np.array([scipy.ndimage.map_coordinates(scene, grid) for grid in grids])
    return frames + np.random.default_rng(0).normal(0, 2, frames.shape)


@pytest.mark.parametrize("rate", [0.004, -0.002, 0.001])
def test_zoom(rate):
    decision = vmm.auto.choose(zooming(rate).astype(np.float32), fs=FS)
    assert not decision.choices and "camera zooms" in decision.messages[0]


def test_nothing_else_is_a_zoom():
    walk = np.cumsum(np.random.default_rng(2).normal(0, 0.3, (60, 2)), axis=0)
    part = swaying(n=60, amplitude=0.0)
    part[:, 8:40, 8:40] = zooming(0.004, (32, 32))  # an object that comes closer
    for clip in (swaying(n=60), swaying(n=60, path=walk), zooming(0.0), part):
        assert _zoom(clip.astype(float)) == 0


def test_why_motion_of_most_of_the_picture_is_kept():
    assert _shake_message(CameraState(), []) == ""
    assert "the camera is not the cause" in _shake_message(CameraState(shake=1.4), [])
    assert "too large" in _shake_message(CameraState(shake=1.4, is_large=True), [])


@pytest.mark.parametrize(("rms", "noise"), [(0.2, 3.0), (4.0, 1.0)])
def test_parts_of_an_object_show_no_camera(rms, noise):
    walk = np.cumsum(np.random.default_rng(4).normal(0, 0.3, (60, 2)), axis=0)
    walk *= rms / np.hypot(*(walk - walk.mean(axis=0)).std(axis=0))
    shaken, still = (swaying((96, 96), 60, path=path, noise=noise) for path in (walk, 0 * walk))
    boxes = [(68, 8, 24, 20), (68, 60, 24, 20), (70, 36, 20, 20)]
    camera = CameraMotion(vmm.measure.displacement(shaken, boxes, fs=FS))
    assert _is_followed(camera, shaken.astype(np.float32))
    still[:, 64:] = shaken[:, 64:]  # an object below a background at rest
    assert not _is_followed(camera, still.astype(np.float32))


def test_the_clearest_region_shows_the_line():
    clip = swaying((48, 96), 90, amplitude=0.0)
    clip[:, :, 64:] = swaying((48, 32), 90, frequency=6.0)
    motion = vmm.measure.displacement(clip, [(8, 8, 32, 24), (8, 36, 32, 24), (8, 68, 32, 24)], fs=FS)
    assert clearest_region(motion, 6.0) == 2
    with pytest.warns(UserWarning, match="too little texture"):
        gray = vmm.measure.displacement(np.full((40, 32, 32), 9.0), [(0, 0, 32, 32)], fs=FS)
    assert clearest_region(gray, 6.0) is None


def test_line_share():
    walk = np.cumsum(np.random.default_rng(2).normal(0, 0.2, (240, 2)), axis=0)
    assert _line(walk)[0] < 0.6
    share, frequency = _line(synthetic.sway(240, FS, 4.0, 0.3) + 0.02 * walk)
    assert share > 0.8 and frequency == pytest.approx(4 / FS, abs=1 / 240)


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2])
def test_whole_frame_is_tracked(seed):
    n, generator = 120, np.random.default_rng(seed)
    walk = np.cumsum(generator.normal(0, 1, (n, 2)), axis=0)
    walk *= 1.4 / (walk - walk.mean(axis=0)).std(axis=0)
    shaken = synthetic.render(synthetic.texture((96, 128), seed=seed), walk, noise=1.0, seed=seed)
    moving = synthetic.render(
        synthetic.texture((96, 128), seed=seed), walk + synthetic.sway(n, FS, 6.0, 0.3), noise=1.0, seed=seed
    )
    shaken[:, 20:80, 70:110] = moving[:, 20:80, 70:110]
    decision = vmm.auto.choose(shaken, fs=FS)
    assert re.search(r"camera moves by (1\.[89]|2|2\.[01]) px", decision.messages[0])
    assert decision.choices[0].is_stabilized and decision.choices[0].name.startswith(("motion at 6", "motion at 5.99"))


@pytest.mark.slow
def test_object_that_fills_the_frame_is_no_camera():
    (choice,) = vmm.auto.choose(swaying(n=150, frequency=5.0, amplitude=0.9), fs=FS).choices
    assert choice.name.startswith(("motion at 5", "motion at 4.99")) and not choice.is_stabilized


@pytest.mark.slow
def test_cut_on_the_command_line(tmp_path, capsys):
    clip = np.concatenate([swaying((48, 64), 60, seed=3), swaying((48, 64), 100, frequency=5.0, seed=4)])
    vmm.io.write(tmp_path / "in.mkv", clip, FS)
    assert run("auto", tmp_path / "in.mkv", "--out", tmp_path / "out", "--quiet") == 0
    printed = capsys.readouterr().out
    assert "changes 1 time: the longest scene, from 2 to 5.333 s" in printed and "--start 2 --end 5.33333" in printed
    (video,) = (tmp_path / "out").glob("*.mp4")
    assert vmm.io.stream(video).shape[0] == 100


@pytest.mark.slow
def test_flicker_of_bright_pixels_is_no_color():
    wave = np.sin(2 * np.pi * 5.0 * np.arange(180) / FS)
    scene = np.repeat(synthetic.texture((64, 80), seed=5)((0, 0))[..., None], 3, axis=-1)
    scene[16:48, 16:48] = [250.0, 246.0, 235.0]  # The red is cut off, which changes the tint at multiples of 5 Hz.
    frames = scene * (1 + 0.08 * wave)[:, None, None, None]
    noise = np.random.default_rng(6).normal(0, 1.0, frames.shape)
    decision = vmm.auto.choose(np.clip(frames + noise, 0, 255).round().astype(np.uint8), fs=FS)
    assert not decision.choices and "flickers at 5" in " ".join(decision.messages)


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2])
def test_vibration(seed):
    clip = swaying(frequency=5.0, amplitude=0.2, seed=seed)
    decision = vmm.auto.choose(clip, fs=FS)
    (choice,) = decision.choices
    assert choice.method == "gradient" and choice.name.startswith("motion at 5") and decision.still is None
    assert choice.band[0] < 5 < choice.band[1] and 10 < choice.settings["alpha"] < 20
    out = choice.magnify(clip, fs=FS)
    before, after = (
        vmm.measure.displacement(frames, fs=FS).values[20:-20, 0].std(axis=0).max() for frames in (clip, out)
    )
    assert after / before == pytest.approx(1 + choice.settings["alpha"], rel=0.1)
    assert np.array_equal(vmm.auto.magnify(clip, fs=FS), out)


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2, 3, 4])
def test_nothing_moves(seed):
    clip = swaying(amplitude=0.0, seed=seed)
    decision = vmm.auto.choose(clip, fs=FS)
    assert not decision.choices and "Nothing is magnified" in decision.messages[-1]
    with pytest.raises(ValueError, match="Nothing is magnified"):
        vmm.auto.magnify(clip, fs=FS)


def test_color_beside_motion_is_kept():
    def line(kind, roi, snr):
        return SimpleNamespace(kind=kind, roi=roi, snr=snr, frequency=1.0, frequency_stderr=0.01, harmonic=None)

    face = line("color", (240, 48, 208, 368), 10.0)
    for shoulder, count in (((416, 304, 176, 224), 2), ((300, 48, 292, 480), 1)):
        lines: Any = [line("motion", shoulder, 26.0), face]
        assert len(_independent(lines, 0.1, None)) == count


def test_flicker_alone_has_a_remedy(tmp_path, monkeypatch, capsys):
    vmm.io.write(tmp_path / "in.mkv", swaying((32, 48), 20), FS)
    flicker: Any = SimpleNamespace(command=lambda source, target: f"vmm color {target.rpartition('/')[2]} --alpha -1")
    decision = Decision((), None, ("The light flickers.", "Nothing is magnified."), flicker)
    monkeypatch.setattr(vmm.auto, "choose", lambda *_, **__: decision)
    assert run("auto", tmp_path / "in.mkv", "--quiet") == 2
    error = capsys.readouterr().err
    assert "removes the flicker: vmm color in_steady_light.mp4 --alpha -1" in error and "flickers. Nothing" in error


@pytest.mark.slow
def test_flicker_is_stated():
    light = 1 + 0.02 * np.sin(2 * np.pi * 6.0 * np.arange(120) / FS)
    scene, rest = synthetic.texture((64, 80)), np.zeros((120, 2))
    decision = vmm.auto.choose(synthetic.render(scene, rest, light=light, noise=1.0), fs=FS)
    assert not decision.choices and "flickers at 6" in " ".join(decision.messages)


@pytest.mark.slow
def test_pulse():
    color = np.array([150.0, 110.0, 90.0])
    wave = np.sin(2 * np.pi * 1.2 * np.arange(300) / FS)[:, None, None, None]
    noise = np.random.default_rng(5).normal(0, 2.0, (300, 96, 128, 3))
    face = np.zeros((96, 128, 1))
    face[32:64, 48:80] = 1
    clip = np.clip(color + face * wave * [0.3, 1.2, 0.6] + noise, 0, 255).round().astype(np.uint8)
    first = vmm.auto.choose(clip, fs=FS).choices[0]
    assert first.method == "color" and first.name.startswith("pulse, 72")


def test_probable_pulse(monkeypatch):
    rates = {
        "pos": SimpleNamespace(rate=np.nan, stderr=np.nan, is_known=False, p_value=0.02),
        "green": SimpleNamespace(rate=66.0, stderr=0.5, is_known=True, p_value=0.002),
    }
    monkeypatch.setattr(_names, "pulse", lambda *_, method, **__: rates[method])
    line: Any = SimpleNamespace(frequency=1.1, frequency_stderr=0.01, kind="color", roi=(8, 8, 32, 32))
    line.frequency_unit = "Hz"
    skin, gray = (np.full((20, 48, 64, 3), color, np.uint8) for color in ([190, 140, 115], [140, 140, 140]))
    name, reason = _names.name_of(line, lambda: skin, FS, None)
    assert name == "probably pulse, 66.0 beats/min" and "2.0% of clips" in reason
    assert _names.name_of(line, lambda: gray, FS, None) == ("change of color at 1.1 Hz", "")
    rates["pos"].p_value = 0.4
    assert _names.name_of(line, lambda: skin, FS, None)[0] == "change of color at 1.1 Hz"


def test_color_of_most_of_the_frame_is_light():
    small, large = ((8, 8, 20, 20), (0, 0, 48, 56))
    choices = [
        Choice(name, method, {"band": (1, 2), "alpha": 9.0}, roi, (), 30.0)
        for name, method, roi in [
            ("change of color at 12 Hz", "color", large),
            ("change of color at 12 Hz", "color", small),
            ("probably pulse, 66 beats/min", "color", large),
            ("motion at 12 Hz", "gradient", large),
        ]
    ]
    assert [_is_light(choice, (48, 64)) for choice in choices] == [True, False, False, False]


@pytest.mark.slow
def test_shaken_camera():
    n, size = 240, (128, 160)
    shake = np.cumsum(np.random.default_rng(3).normal(0, 0.15, (n, 2)), axis=0)
    moving = shake + synthetic.sway(n, FS, 5.0, 0.3)
    still, part = (synthetic.render(synthetic.texture(size, seed=7), path, noise=1.0) for path in (shake, moving))
    clip = still.copy()
    clip[:, 40:90, 50:110] = part[:, 40:90, 50:110]
    camera = camera_state(lambda: clip, FS)
    assert camera.still is not None and camera.shake > 0.15
    decision = vmm.auto.choose(clip, fs=FS)
    assert decision.choices[0].is_stabilized and "camera moves" in decision.messages[0]
    assert decision.choices[0].command().endswith("--stabilize")


@pytest.mark.slow
def test_object_that_moves_far():
    n, size = 120, (96, 192)
    path = np.stack([0.6 * np.sin(2 * np.pi * 6 * np.arange(n) / FS), 0.9 * np.arange(n)], axis=1)
    texture, background = synthetic.texture(size, seed=2), synthetic.texture(size, seed=3)
    rows, cols = np.mgrid[: size[0], : size[1]]
    frames = np.repeat(background((0, 0))[None], n, axis=0)
    for t, (down, right) in enumerate(path):
        is_object = np.hypot(rows - 48 - down, cols - 40 - right) < 24
        frames[t][is_object] = texture((down, right))[is_object]
    clip = np.clip(frames + np.random.default_rng(4).normal(0, 1, frames.shape), 0, 255).astype(np.uint8)
    far = far_motion(lambda: clip)
    assert far is not None and 0.8 < far.speed < 2 and far.roi[2] < 80
    assert far_motion(lambda: swaying(noise=3.0)) is None


@pytest.mark.slow
def test_command(tmp_path, capsys):
    vmm.io.write(tmp_path / "in.mkv", swaying((48, 64), 90), FS)
    assert run("auto", tmp_path / "in.mkv", "--out", tmp_path / "out", "--quiet") == 0
    printed = capsys.readouterr().out
    (video,) = (tmp_path / "out").glob("*.mp4")
    command = next(line for line in printed.splitlines() if line.strip().startswith("vmm gradient"))
    page = (tmp_path / "out" / "index.html").read_text(encoding="utf-8")
    assert command.strip() in page and page.count("<video") == 1 and page.count("<img") == 2
    repeated = re.sub(re.escape(str(video)), str(tmp_path / "again.mp4"), command).split()[1:]
    assert run(*repeated, "--quiet") == 0
    assert np.array_equal(vmm.io.read(tmp_path / "again.mp4")[0], vmm.io.read(video)[0])
    assert run("auto", tmp_path / "in.mkv", "--out", tmp_path / "out", "--quiet") == 2
    assert "index.html exists" in capsys.readouterr().err
    vmm.io.write(tmp_path / "still.mkv", swaying((48, 64), 90, amplitude=0.0), FS)
    assert run("auto", tmp_path / "still.mkv", "--out", tmp_path / "none", "--quiet") == 2
    assert "Nothing is magnified" in capsys.readouterr().err and not (tmp_path / "none").exists()


@pytest.mark.slow
def test_sweep(tmp_path, capsys):
    vmm.io.write(tmp_path / "in.mkv", swaying((48, 64), 90), FS)
    common = ["gradient", tmp_path / "in.mkv"]
    more = ["--band", 3, 5, "--quiet"]
    assert run(*common, tmp_path / "sheet.png", *more, "--sweep", "alpha=5,10,20") == 0
    assert (tmp_path / "sheet.png").stat().st_size > 10_000
    for target, sweep in (("a.mp4", "alpha=5"), ("a.png", "alpha"), ("a.png", "chroma=1"), ("a.png", "alpha=x")):
        assert run(*common, tmp_path / target, *more, "--sweep", sweep) == 2
        assert "--sweep" in capsys.readouterr().err
