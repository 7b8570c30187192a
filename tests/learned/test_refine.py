"""Refinement of the displacement between two frames by the network that is installed with the library."""

import numpy as np
import pytest

import vmm
from vmm.backend.levels import spline_coefs
from vmm.backend.reference import blur
from vmm.data import layers, shifts
from vmm.engine.displaced import color_planes
from vmm.learned import network, refine, weights
from vmm.motion._coarse_to_fine import frame_levels, min_noise, pair_displacement
from vmm.motion._evidence import PLANES, evidence
from vmm.motion.warp import bicubic


@pytest.fixture(scope="module")
def scene():
    """Frames (96, 96, 3) of an object that moves by 0.1 px in front of a photograph at rest."""
    return layers.layers(0, 0.1, 2.0, side=96)


@pytest.fixture(scope="module")
def reading(scene):
    """Levels and colors of both frames, the displacement between them, and the smallest noise."""
    colors = color_planes(scene.a[None]), color_planes(scene.b[None])
    levels = frame_levels(colors[0]), frame_levels(colors[1])
    smallest = min_noise(levels[0].luma, True)
    return levels, colors, pair_displacement(*levels, smallest), smallest


def magnify(frames, alpha=9.0, **options):
    return vmm.gradient.magnify(frames, None, alpha=alpha, refine=True, **options)


@pytest.mark.parametrize("kind", ["uint8", "uint16", "float32", "float64"])
@pytest.mark.parametrize("is_color", [False, True])
def test_frames_of_any_kind(scene, kind, is_color):
    frames = np.stack([scene.a, scene.b]).astype(kind)[:, :45, :67]
    frames = frames if is_color else frames[..., 1]
    out = magnify(frames)
    assert out.shape == frames.shape and out.dtype == frames.dtype and np.isfinite(out).all()
    assert np.array_equal(out[0], frames[0]) and not np.array_equal(out[1], frames[1])


def test_an_object_is_nearer_to_the_truth(scene):
    frames = np.stack([scene.a, scene.b])
    scores = [
        layers._similarity(vmm.gradient.magnify(frames, None, alpha=19, refine=on)[1].astype(float), scene)
        for on in (False, True)
    ]
    assert scores[1][0] > scores[0][0] and scores[1][1] > scores[0][1]


def test_noise_is_nearer_to_the_truth():
    one = shifts.shift("coffee", 0.2, 5.0, 3.0, side=96)
    plain, refined = (
        vmm.gradient.magnify(np.stack([one.a, one.b]), None, alpha=24, refine=on)[1] for on in (False, True)
    )
    errors = [np.abs(x.astype(float) - one.truth)[16:-16, 16:-16].mean() for x in (plain, refined)]
    assert errors[1] < errors[0]


def test_a_soft_motion_stays_soft():
    """A bump of displacement in a texture without edges keeps its shape, on average within a twentieth of its size."""
    image = 128 + 400 * blur(np.random.default_rng(0).normal(size=(1, 96, 96)).astype(np.float32), (2.0, 2.0))
    y, x = np.indices((96, 96), np.float32)
    bump = 0.3 * np.exp(-((y - 48) ** 2 + (x - 48) ** 2) / (2 * 12**2))
    a, b = (bicubic(spline_coefs(image), np.stack([y, x + sign * bump / 2])) for sign in (1, -1))
    levels = frame_levels(a), frame_levels(b)
    displacement = pair_displacement(*levels, 0.0)
    refined = refine.refiner("refiner")(levels, (a, b), displacement, 0.0)
    assert np.abs(refined[1] - bump).mean() < 0.05 * 0.3


def test_still_and_tiny_frames_are_not_refined(scene):
    still = np.stack([scene.a, scene.a])
    assert np.array_equal(magnify(still), still)
    tiny = np.stack([scene.a, scene.b])[:, :16, :18]
    assert np.array_equal(magnify(tiny), vmm.gradient.magnify(tiny, None, alpha=9))


def test_most_of_the_frame_moves_as_it_was_read(reading):
    change = refine.refiner("refiner")(*reading) - reading[2]
    np.testing.assert_allclose(np.median(change.reshape(2, -1), axis=1), 0, atol=1e-4)


def test_tiles_show_no_seams(reading, monkeypatch):
    whole = refine.refiner("refiner")(*reading)
    monkeypatch.setattr(network, "MAX_PIXELS", 80**2)
    monkeypatch.setattr(network, "TILE_OVERLAP", 28)
    tiled = refine.refiner("refiner")(*reading)
    assert not np.array_equal(tiled, whole)
    np.testing.assert_allclose(tiled, whole, atol=0.03 * float(np.abs(reading[2]).max()))


def test_the_evidence_does_not_depend_on_the_unit_of_gray_levels(reading):
    levels, colors, displacement, smallest = reading
    planes = evidence(levels, colors, displacement, smallest).planes
    assert planes.shape == (PLANES, 96, 96) and np.isfinite(planes).all()
    scaled = [c / np.float32(255) for c in colors]
    scaled_levels = frame_levels(scaled[0]), frame_levels(scaled[1])
    other = evidence(scaled_levels, (scaled[0], scaled[1]), displacement, smallest / 255).planes
    np.testing.assert_allclose(other, planes, atol=0.02)


def test_files_that_are_no_refiner(tmp_path, monkeypatch):
    with pytest.raises(ValueError, match=r"weights='.*none\.onnx' must be 'refiner', or the path"):
        refine.refiner(tmp_path / "none.onnx")
    with pytest.raises(ValueError, match="is not a network that refines displacements"):
        refine.refiner(weights.FOLDER / "realtime.encoder.onnx")
    (tmp_path / "SHA256").write_text((weights.FOLDER / "SHA256").read_text())
    (tmp_path / "refiner.onnx").write_bytes(b"damaged")
    monkeypatch.setattr(weights, "FOLDER", tmp_path)
    with pytest.raises(ValueError, match="damaged"):
        weights.verify([tmp_path / "refiner.onnx"])
