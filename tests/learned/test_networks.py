"""Networks run by onnxruntime: the weights of the package, tiles, sizes, and the laws of the methods."""

import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import vmm
from vmm.data import synthetic
from vmm.data.shifts import COLUMNS, similarities
from vmm.learned import NAMES, load, network
from vmm.learned.network import files

FAST = tuple(name for name in NAMES if name != "lightweight-base")
"""Networks of the tests that hold for all networks alike; the base size is slow, and has the code of the light size."""

SHIPPED = {name: getattr(vmm, load(name).kind).magnify for name in NAMES}
MODES: dict[str, dict[str, Any]] = {
    "static": {},
    "dynamic": {"mode": "dynamic"},
    "temporal": {"band": (2, 3), "fs": 30},
}


@pytest.fixture(scope="module")
def frames():
    """A small clip in color that sways by 0.2 px."""
    gray = synthetic.render(synthetic.leaves((49, 66), min_radius=6), synthetic.sway(12, 30, 2.5, 0.2))
    return np.stack([gray, gray // 2, 255 - gray], axis=-1)


def run(name, frames, **options):
    if not {"band", "mode"} & options.keys():
        options["mode"] = "static"
    return SHIPPED[name](frames, weights=name, **{"alpha": 5, **options})


def test_the_package_contains_weights():
    assert set(NAMES) == {"lightweight-base", "lightweight-light", "realtime"}


@pytest.mark.parametrize("name", FAST)
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("kind", ["uint8", "uint16", "float32"])
def test_shape_and_dtype_are_preserved(name, mode, kind, frames):
    given = frames.astype(kind) * (257 if kind == "uint16" else 1)
    out = run(name, given, **MODES[mode])
    assert type(out) is np.ndarray and out.shape == frames.shape and out.dtype == given.dtype
    assert not np.array_equal(out, given)


@pytest.mark.parametrize("name", FAST)
def test_results_of_all_dtypes_agree(name, frames):
    """Frames of 16 bits and of floating point give the same result as 8 bits."""
    whole = run(name, frames)
    deep = run(name, frames.astype(np.uint16) * 257) / 257
    assert np.abs(deep - whole).max() <= 0.51
    assert np.abs(run(name, frames.astype(np.float32)) - whole).max() <= 40  # floating-point results are not clipped
    np.testing.assert_allclose(
        run(name, frames / 255, white=1.0) * 255, run(name, frames.astype(np.float64)), rtol=0, atol=1e-2
    )


@pytest.mark.parametrize("name", FAST)
def test_gray_frames_equal_gray_frames_in_color(name, frames):
    gray = frames[..., 0]
    out = run(name, np.repeat(gray[..., None], 3, axis=-1)).astype(float)
    assert np.abs(run(name, gray) - out.mean(axis=-1)).max() <= 1


@pytest.mark.parametrize("name", FAST)
@pytest.mark.parametrize("mode", MODES)
def test_chunks_equal_the_clip(name, mode, frames):
    whole = run(name, frames, **MODES[mode])
    pieces = (frames[a:b] for a, b in pairwise([0, 1, 5, 12]))
    out = np.concatenate(list(run(name, pieces, **MODES[mode])))
    assert np.abs(out.astype(int) - whole).max() <= 1


@pytest.mark.parametrize("name", FAST)
def test_alpha_zero_is_the_identity(name, frames):
    assert np.array_equal(run(name, frames, alpha=0), frames)


@pytest.mark.parametrize("name", FAST)
def test_a_still_clip_stays_still(name):
    """The mean change at alpha 20 is at most 0.3 gray levels, and 4.5 with noise, whose own mean deviation is 2.4."""
    from skimage.data import coffee

    still = np.repeat(coffee()[None, 100:228, 200:328], 3, axis=0)
    assert np.abs(run(name, still, alpha=20).astype(float) - still).mean() <= 0.3
    noisy = np.clip(still + np.random.default_rng(0).normal(0, 3, still.shape), 0, 255).astype(np.uint8)
    assert np.abs(run(name, noisy, alpha=20)[1:].astype(float) - still[1:]).mean() <= 4.5


@pytest.mark.parametrize("name", FAST)
def test_nothing_changes_outside_the_mask(name, frames):
    out = run(name, frames, mask=(10, 20, 24, 30))
    changed = (out != frames).any(axis=(0, 3))
    inside = np.zeros(changed.shape, bool)
    inside[10:34, 20:50] = True
    assert not changed[~inside].any() and changed[inside].mean() > 0.1  # the leaves are uniform inside


@pytest.mark.parametrize("name", FAST)
def test_maps_of_alpha(name, frames):
    same = run(name, frames, alpha=np.full((49, 66), 5.0))
    assert np.abs(same.astype(int) - run(name, frames)).max() <= 1
    left = np.zeros((49, 66))
    left[:, :20] = 5
    change = np.abs(run(name, frames, alpha=left).astype(float) - frames).mean(axis=(0, 1, 3))
    assert change[-10:].mean() < 0.3 * change[:14].mean()


@pytest.mark.parametrize("name", FAST)
def test_the_input_is_not_touched(name, frames):
    kept = frames.copy()
    run(name, frames)
    assert np.array_equal(kept, frames)


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_results_are_more_similar_to_the_truth_than_the_input(name):
    """This holds for two of the held-out photographs in every column of the table."""
    method = SHIPPED[name]
    names = ("coffee", "camera")

    def magnified(a, b, factor):
        return method(np.stack([a, b]), alpha=factor - 1, weights=name)[1]

    nothing = similarities(lambda a, b, factor: b, COLUMNS, names)
    for column, ours, none in zip(COLUMNS, similarities(magnified, COLUMNS, names), nothing, strict=True):
        assert ours > none, column


@pytest.mark.slow
@pytest.mark.parametrize("name", FAST)
def test_tiles_show_no_seams(name, monkeypatch):
    rng = np.random.default_rng(0)
    coarse = synthetic.render(synthetic.leaves((280, 300), min_radius=6), synthetic.sway(2, 30, 2.5, 0.2))
    clip = np.clip(coarse + rng.normal(0, 1, coarse.shape), 0, 255).astype(np.uint8)
    whole = run(name, clip)
    monkeypatch.setattr(network, "MAX_PIXELS", 200**2)
    tiled = run(name, clip)
    assert not np.array_equal(tiled, clip)
    assert np.abs(tiled.astype(float) - whole).mean() < 0.05
    assert np.abs(tiled.astype(int) - whole).max() <= 12


@pytest.mark.parametrize(("height", "width"), [(1080, 1920), (777, 3001), (100, 9000)])
def test_tiles_cover_the_frame_once(height, width):
    height, width = height // 4 * 4, width // 4 * 4
    seen = np.zeros((height, width), int)
    for rows, cols in network.tiles(height, width, 4):
        seen[rows.written(1), cols.written(1)] += 1
        assert (rows.stop - rows.start) * (cols.stop - cols.start) <= network.MAX_PIXELS
        assert rows.start % 4 == cols.start % 4 == 0
    assert (seen == 1).all()


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="the peak of memory is read from /proc/self/status")
def test_tiles_limit_the_memory():
    """The real-time network stays below 1600 MB at 1080p, including the interpreter and its libraries."""
    run_it = """
import re, numpy as np, vmm
clip = np.random.default_rng(0).integers(0, 255, (2, 1080, 1920, 3), np.uint8)
vmm.realtime.magnify(clip)
print(int(re.search(r"VmHWM:\\s*(\\d+)", open("/proc/self/status").read()).group(1)) // 1024)
"""
    said = subprocess.run([sys.executable, "-c", run_it], capture_output=True, text=True, check=True)
    assert int(said.stdout) < 1600


def test_the_number_of_threads_does_not_change_the_result():
    net = load("realtime")
    x = np.zeros((1, 3, 64, 64), np.float32)
    vmm.set_threads(2)
    two = net.encode(x)[1]
    vmm.set_threads(1)
    one = net.encode(x)[1]
    vmm.set_threads(None)
    np.testing.assert_allclose(one, two, atol=1e-5)


# Bad input.


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"mode": "fast"}, "mode='fast' must be one of 'static', 'dynamic', 'temporal'"),
        ({"mode": "static", "band": (2, 3)}, "mode 'temporal' takes a band, and no other does"),
        ({"mode": "temporal"}, "mode 'temporal' takes a band, and no other does"),
        ({"mode": None}, r"band=None: pass band=\(low, high\) .* or mode='static' to"),
        ({"weights": "nothing"}, "'nothing' must be one of 'lightweight-base', 'lightweight-light', 'realtime'"),
        ({"weights": "lightweight-light"}, "is a network of kind 'lightweight', but kind 'realtime' is required"),
        ({"band": (2, 3)}, "pass fs"),
        ({"alpha": float("nan")}, "must be finite"),
    ],
)
def test_options_that_do_not_fit(options, message, frames):
    with pytest.raises(ValueError, match=message):
        vmm.realtime.magnify(frames, **{"mode": None if "band" in options else "static"} | options)


def test_frames_that_are_too_small():
    with pytest.raises(ValueError, match="frames of 12 x 40 pixels are too small"):
        vmm.realtime.magnify(np.zeros((2, 12, 40), np.uint8))


def test_an_unknown_size(frames):
    with pytest.raises(ValueError, match="size='huge' must be 'light' or 'base'"):
        vmm.lightweight.magnify(frames, mode="static", size="huge")  # type: ignore[arg-type]


def test_magnet_says_where_its_weights_are(frames):
    with pytest.raises(ValueError, match=r"no weights of MagNet are installed .* `vmm convert` .* vmm\.train magnet`"):
        vmm.magnet.magnify(frames)


def test_the_base_size(frames):
    small = frames[:2, :32, :32]
    out = vmm.lightweight.magnify(small, size="base")
    assert np.array_equal(out, vmm.lightweight.magnify(small, weights="lightweight-base"))
    assert not np.array_equal(out, vmm.lightweight.magnify(small))


def test_damaged_files_are_named(tmp_path, frames):
    for part, file in files(tmp_path / "net.onnx").items():
        file.write_bytes(b"nothing of a network" + part.encode())
    with pytest.raises(ValueError, match=r"net.encoder.onnx is not a network that vmm can run"):
        vmm.realtime.magnify(frames[:2], weights=tmp_path / "net.onnx")
    (tmp_path / "net.decoder.onnx").unlink()
    with pytest.raises(ValueError, match=r"net.decoder.onnx does not exist"):
        vmm.realtime.magnify(frames[:2], weights=str(tmp_path / "net"))


def test_files_of_the_package_are_verified(monkeypatch, tmp_path):
    from vmm.learned import weights

    for file in files(weights.FOLDER / "realtime.onnx").values():
        (tmp_path / file.name).write_bytes(file.read_bytes() + b" ")
    (tmp_path / "SHA256").write_text((weights.FOLDER / "SHA256").read_text())
    monkeypatch.setattr(weights, "FOLDER", tmp_path)
    weights._loaded.cache_clear()
    with pytest.raises(ValueError, match=r"realtime.encoder.onnx is damaged"):
        load("realtime")
    weights._loaded.cache_clear()
