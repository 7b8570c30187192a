"""The tables of picture quality: their measures know a perfect magnifier from one that does nothing, or too much."""

import numpy as np
import pytest

from benchmarks.picture import color, direction, drift, gain, light, methods, noise, run, scenes, truth
from benchmarks.picture.cases import Case, Row
from benchmarks.study.entrants import Entrant
from vmm.data import synthetic

NOTHING = Entrant("nothing", "nothing", lambda frames, frequency, fs, alpha, **_: frames)


def returning(frames):
    """An entrant that returns the given frames, with an option for the direction."""
    return Entrant("made up", "classical", lambda *_, **__: frames, None, frozenset({"direction"}))


@pytest.fixture
def small(monkeypatch):
    """Make the scenes small and the clips short."""
    monkeypatch.setattr(scenes, "SIDE", 56)
    monkeypatch.setattr(scenes, "WIDE", 64)
    monkeypatch.setattr(gain, "FRAMES", 40)
    monkeypatch.setattr(gain, "COMPARED", slice(10, 30, 2))
    monkeypatch.setattr(truth, "SHAPE", (56, 64))
    monkeypatch.setattr(truth, "FRAMES", 30)


def test_gain_of_nothing_and_of_the_truth(small):
    source = gain.moving(scenes.noise_texture)
    assert gain.gain(NOTHING, source) == [pytest.approx(1 / (1 + gain.ALPHA), abs=1e-3)]
    moves = synthetic.sway(gain.FRAMES, gain.FS, gain.FREQUENCY, gain.AMPLITUDE, gain.ANGLE)
    for share in (0.9, 1.0):
        out = synthetic.render(source.scene, share * (1 + gain.ALPHA) * moves, dtype=np.float32)
        assert gain.gain(returning(out), source) == [pytest.approx(share, abs=1e-3)]


def test_gain_does_not_depend_on_contrast(small):
    source = gain.moving(scenes.noise_texture)
    weaker = 100 + 0.5 * source.frames
    assert gain.gain(returning(weaker), source) == [pytest.approx(1 / (1 + gain.ALPHA), abs=1e-3)]


@pytest.mark.parametrize(
    "make", [lambda: scenes.edge(25.0), lambda: scenes.string(25.0), lambda: scenes.wave(8.0, 25.0)]
)
def test_motion_of_scenes(small, make):
    """The motion along a straight edge cannot be measured, so that only its normal component is compared."""
    scene, normal = make(), np.array([np.sin(np.deg2rad(25.0)), np.cos(np.deg2rad(25.0))])
    moves = np.outer([0.1, -0.7], normal)
    measured = scenes.motion(np.stack([scene(m) for m in moves]), scene, 1.5 * moves, 0 * moves)
    assert measured @ normal == pytest.approx([0.1, -0.7], abs=2e-3)


def test_lag_of_a_delayed_magnifier(small):
    source = gain.moving(scenes.noise_texture)
    moves = synthetic.sway(gain.FRAMES + 1, gain.FS, gain.FREQUENCY, gain.AMPLITUDE, gain.ANGLE)
    out = synthetic.render(source.scene, moves[1:] + gain.ALPHA * moves[:-1], dtype=np.float32)
    source = source._replace(frames=synthetic.render(source.scene, moves[1:], dtype=np.float32))
    response = gain.transfer(returning(out), source, 1 + gain.ALPHA)
    now = gain.transfer(returning(source.frames), source, 1.0)
    lag = -np.angle(response / now - 1) * gain.FS / (2 * np.pi * gain.FREQUENCY)
    assert lag == pytest.approx(1.0, abs=0.01)


@pytest.mark.parametrize("name", truth.SCENES)
def test_similarity_of_the_truth_is_one(small, name, monkeypatch):
    monkeypatch.setattr(truth, "COMPARED", slice(0, 30, 8))
    monkeypatch.setattr(truth, "BORDER", 8)
    source = truth.clip(name, 0.0)
    moves = synthetic.sway(truth.FRAMES, truth.FS, truth.FREQUENCY, truth.AMPLITUDE, truth.ANGLE)
    perfect = synthetic.render(truth.SCENES[name](truth.SHAPE), (1 + source.alpha) * moves)
    assert truth.similarity(returning(perfect), source)[0] > 0.998 > truth.similarity(NOTHING, source)[0]


def test_two_halves(small, monkeypatch):
    monkeypatch.setattr(noise, "DISTANCES", ((2, 8), (8, 16)))
    monkeypatch.setattr(noise, "FRAMES", 50)
    monkeypatch.setattr(noise, "TIMES", np.arange(5, 35, 5))
    frames = noise.half_moves(0.0)
    assert noise.by_distance(NOTHING, frames) == pytest.approx([0.05, 0.05, 0.0, 0.0], abs=0.01)
    moves = (1 + noise.ALPHA) * synthetic.sway(noise.FRAMES, noise.FS, noise.FREQUENCY, noise.AMPLITUDE, 90.0)
    perfect = synthetic.render(scenes.halves(), moves, dtype=np.float32)
    assert noise.by_distance(returning(perfect), frames) == pytest.approx([1.0, 1.0, 0.0, 0.0], abs=0.01)


def test_change_of_static_scenes():
    frames = np.full((noise.FRAMES, 40, 40), 128.0)
    assert noise.change(NOTHING, frames) == [0.0]
    assert noise.change(returning(frames + 3), frames) == [pytest.approx(3.0)]
    assert light.change(returning(frames - 3), frames) == pytest.approx([3.0, 3.0])
    lit = light.clip("texture", light.brighter)
    assert lit[60:].mean() / lit[:40].mean() == pytest.approx(1.02, abs=0.002)


def test_errors_at_the_ends_and_after_a_step(small):
    [(frames, moves)] = drift.phases(0.0, 1)
    perfect = synthetic.render(scenes.noise_texture(), (1 + drift.END_ALPHA) * moves, dtype=np.float32)
    assert max(drift.end_errors(returning(perfect), [(frames, moves)])) < 0.005
    assert min(drift.end_errors(NOTHING, [(frames, moves)])) > 0.2
    source = drift.stepping(3.0, 1)
    assert drift.gain_after_step(NOTHING, source) == [pytest.approx(1 / (1 + drift.END_ALPHA), abs=0.01)]


def test_chroma_that_moves_has_no_error(monkeypatch):
    monkeypatch.setattr(color, "SHAPE", (96, 96))
    source = color.clip("star, other luma", 10.0, True)
    assert color.chroma_error(NOTHING, source) == [pytest.approx(1.0)]
    perfect = source.frames.astype(float)
    luma = perfect[color.COMPARED] @ color.LUMA
    perfect[color.COMPARED] = np.concatenate([luma[..., None], source.truth], axis=-1) @ color.RGB.T
    assert color.chroma_error(returning(perfect), source)[0] < 0.01


def test_gain_along_and_across(small):
    source = direction.clip(scenes.noise_texture, 30.0)
    assert direction.gains(NOTHING, source) == pytest.approx([1 / 11, 0.0], abs=2e-3)
    waves = gain.AMPLITUDE * np.stack([np.sin(direction.PHASE), np.cos(direction.PHASE)], axis=1)
    along = synthetic.render(source.scene, waves * [1 + gain.ALPHA, 1] @ source.axes, dtype=np.float32)
    assert direction.gains(returning(along), source) == pytest.approx([1.0, 0.0], abs=2e-3)
    both = synthetic.render(source.scene, waves * (1 + gain.ALPHA) @ source.axes, dtype=np.float32)
    assert direction.gains(returning(both), source) == pytest.approx([1.0, 1.0], abs=2e-3)


@pytest.mark.parametrize("name", run.SECTIONS)
def test_every_section_lists_cases(name):
    one = run.section(name)
    rows = [[row.name for case in one.cases(quick) for row in case.rows] for quick in (True, False)]
    assert rows[0] and set(rows[0]) <= set(rows[1]) and len(set(rows[1])) == len(rows[1])


def test_lines_of_a_section():
    def fail(one, clip):
        if one.name == "nothing":
            return [1.0, float("nan")]
        raise ZeroDivisionError("no light")

    case = Case((Row("first", "at most 2", 1), Row("second")), lambda: None, fail)
    section = type("", (), {"TITLE": "Made up", "TEXT": "Text.", "cases": lambda self, quick: [case]})()
    text = list(run.lines(section, {"nothing": NOTHING, "made up": returning(None)}, True, quiet=True))
    assert "| first | at most 2 | 1.0 | failed |" in text and "| second |  | - | failed |" in text
    assert "no light" in text[-2]


def test_methods_by_name_and_with_options():
    chosen = methods.methods(["gradient", "gradient:limit=2,temporal=butterworth"])
    assert list(chosen) == ["nothing", "gradient", "gradient:limit=2,temporal=butterworth"]
    frames = synthetic.render(synthetic.texture((24, 24)), synthetic.sway(20, 30, 3, 0.1))
    first, second = (np.asarray(chosen[name].magnify(frames, 3, 30, 10)) for name in list(chosen)[1:])
    assert not np.array_equal(first, second)
    with pytest.raises(ValueError, match="NAME:OPTION=VALUE"):
        methods.methods(["nobody"])
