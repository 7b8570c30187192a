"""Clips that are dask arrays: the same bytes as for arrays, in tasks that run side by side or on other machines."""

import os
import pickle
import runpy
import shutil
import signal
import sys
import weakref
from functools import partial
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import pytest

import vmm
from vmm.data import synthetic
from vmm.engine.windows import spans, windows
from vmm.learned.network import files
from vmm.learned.weights import FOLDER

da = pytest.importorskip("dask.array", reason="dask is not installed")
yaml = pytest.importorskip("yaml", reason="dask is not installed")

EXAMPLES = Path(__file__).parents[1] / "examples" / "cluster"

METHODS: list[tuple[str, dict[str, Any]]] = [
    ("phase", {"band": (2, 4)}),
    ("phase", {"band": (2, 4), "temporal": "causal"}),
    ("gradient", {"band": (2, 4)}),
    ("gradient", {"band": (2, 4), "temporal": "butterworth"}),
    ("linear", {"band": (2, 4)}),
    ("riesz", {"band": (2, 4), "temporal": "iir"}),
    ("acceleration", {"frequency": 3}),
    ("anisotropy", {"frequency": 3}),
    ("bilateral", {"frequency": 3}),
    ("jerk", {"frequency": 3}),
]


@pytest.fixture(scope="module")
def frames():
    """110 frames with noise: longer than the filters, so that there are several windows."""
    clean = synthetic.render(synthetic.texture((24, 32)), synthetic.sway(110, 30, 3.0, 0.3))
    return clean + np.random.default_rng(0).normal(0, 2, clean.shape)


def magnified(name, frames, **options):
    return getattr(vmm, name).magnify(frames, fs=30, **options)


@pytest.mark.parametrize(
    ("name", "options"),
    [*METHODS[:2], *(pytest.param(*method, marks=pytest.mark.slow) for method in METHODS[2:])],
    ids=str,
)
def test_the_bytes_are_those_of_the_array(frames, name, options):
    array = np.clip(frames, 0, 255).astype(np.uint8)
    lazy = magnified(name, da.from_array(array, chunks=(37, 16, 32)), **options)
    assert lazy.chunks == ((37, 37, 36), (16, 8), (32,)) and lazy.dtype == np.uint8
    assert np.array_equal(lazy.compute(), magnified(name, array, **options))


@pytest.mark.slow
@pytest.mark.parametrize("temporal", ["fir", "causal"])
@pytest.mark.parametrize(
    ("dtype", "scale"), [("uint16", 200), ("float32", 1), ("float64", 1e-9), ("float16", 1)], ids=str
)
@pytest.mark.parametrize("chunks", [1, 7, (1, 60, 49), 500], ids=str)
def test_all_types_and_chunks(frames, dtype, scale, chunks, temporal):
    array = (np.clip(frames, 0, 255)[:, :17, :19] * scale).astype(dtype)
    lazy = magnified("phase", da.from_array(array, chunks=(chunks, -1, -1)), band=(2, 4), temporal=temporal)
    expected = magnified("phase", array, band=(2, 4), temporal=temporal)
    # Very small and large values are scaled by a power of two, for which an array looks at all of its frames.
    tolerance = 0 if scale >= 1 else 1e-15
    assert np.allclose(lazy.compute(), expected, rtol=tolerance, atol=tolerance * expected.max())


def test_color_and_mask(frames):
    array = np.clip(np.stack([frames, frames * 0.8, 255 - frames], -1), 0, 255).astype(np.uint8)
    options = {"band": (2, 4), "mask": (4, 4, 12, 12)}
    lazy = magnified("gradient", da.from_array(array, chunks=(50, -1, -1, 1)), **options)
    assert np.array_equal(lazy.compute(), magnified("gradient", array, **options))
    nothing = magnified("gradient", da.from_array(array, chunks=(50, -1, -1, 1)), band=(2, 4), alpha=0)
    assert np.array_equal(nothing.compute(), array)


@pytest.mark.parametrize("name", ["phase", "gradient", "linear", "riesz"])
@pytest.mark.parametrize("chunks", [110, 37, (1, 60, 49)], ids=str)
def test_whole_clip_filters_add_the_sums_of_blocks(frames, name, chunks):
    options = {"band": (2, 4), "temporal": "ideal"}
    lazy = magnified(name, da.from_array(frames, chunks=(chunks, -1, -1)), **options)
    expected = magnified(name, frames, **options)
    assert np.allclose(lazy.compute(), expected, rtol=0, atol=1e-9)  # Only the order of additions differs.
    color = np.clip(np.stack([frames] * 3, -1), 0, 255).astype(np.uint8)
    lazy = magnified(name, da.from_array(color, chunks=(chunks, -1, -1, -1)), **options)
    assert np.abs(lazy.compute() - magnified(name, color, **options).astype(float)).max() <= 1


@pytest.mark.parametrize("options", [{"mode": "static"}, {"mode": "dynamic"}, {"band": (2, 4), "fs": 30}], ids=str)
@pytest.mark.parametrize("dtype", ["uint8", "float32"])  # Networks take frames from 0 to 1 as they are.
def test_networks(frames, options, dtype):
    array = np.clip(np.stack([frames[:40]] * 3, -1), 0, 255).astype(np.uint8)
    array = array if dtype == "uint8" else (array / np.float32(255))
    lazy = vmm.lightweight.magnify(da.from_array(array, chunks=(13, -1, -1, -1)), **options)
    assert np.array_equal(lazy.compute(), vmm.lightweight.magnify(array, **options))


def test_networks_reach_other_processes_by_their_files(tmp_path):
    net = vmm.learned.load("lightweight-light")
    assert pickle.loads(pickle.dumps(net)) is net
    for path in files(FOLDER / "realtime.onnx").values():
        shutil.copy(path, tmp_path)
    other = vmm.learned.load(tmp_path / "realtime.onnx")
    assert pickle.loads(pickle.dumps(other)).kind == "realtime"


def test_nothing_is_computed_before_it_is_asked_for(frames):
    def failing(block):
        raise AssertionError("a block was computed")

    clip = da.from_array(frames, chunks=(40, -1, -1)).map_blocks(failing, dtype=np.float64, meta=frames[:0])
    lazy = magnified("phase", clip, band=(2, 4))
    assert lazy.shape == frames.shape
    with pytest.raises(AssertionError, match="a block was computed"):
        lazy.compute()


def test_a_part_needs_the_frames_around_it_only(frames):
    read = []

    def noting(block, block_info=None):
        read.append(block_info[0]["chunk-location"][0])
        return block

    clip = da.from_array(frames, chunks=(10, -1, -1)).map_blocks(noting, dtype=np.float64, meta=frames[:0])
    part = magnified("linear", clip, band=(8, 12))[50:60].compute(scheduler="synchronous")
    assert np.array_equal(part, magnified("linear", frames, band=(8, 12))[50:60])
    assert len(read) < 8


def test_what_cannot_be_done_is_refused_at_once(frames):
    clip = da.from_array(frames, chunks=(40, -1, -1))
    for function in (partial(vmm.lagrangian.magnify, band=(2, 4), fs=30), partial(vmm.gradient.magnify, band=None)):
        with pytest.raises(TypeError, match=r"frames is a dask array.*block\.compute\(\) for block in frames\.blocks"):
            function(clip)
    with pytest.raises(TypeError, match="frames of type int64 must be"):
        magnified("phase", clip.astype(np.int64), band=(2, 4))
    with pytest.raises(ValueError, match=r"must be \(T, H, W\)"):
        magnified("phase", clip[0], band=(2, 4))
    with pytest.raises(ValueError, match=r"within \(0, fs/2\)"):
        magnified("phase", clip, band=(2, 40))
    with pytest.raises(ValueError, match="at least 2 frames are needed"):
        magnified("phase", clip[:1], band=(2, 4))
    with pytest.raises(ValueError, match="compute_chunk_sizes"):
        magnified("phase", clip[clip[:, 0, 0] > 0], band=(2, 4))
    with pytest.raises(ValueError, match="NaN or infinite"):
        magnified("phase", clip * np.nan, band=(2, 4)).compute()


def test_the_way_out_that_the_message_names(frames):
    clip = da.from_array(frames, chunks=(40, -1, -1))
    out = vmm.lagrangian.magnify((block.compute() for block in clip.blocks), (2, 4), fs=30)
    assert np.array_equal(np.concatenate(list(out)), magnified("lagrangian", frames, band=(2, 4)))


def test_measurements_equal_those_of_the_array_and_hold_one_block_at_a_time(frames):
    alive, peak = set(), []

    def counted(block, block_info=None):
        result = block.copy()
        alive.add(id(result))
        weakref.finalize(result, alive.discard, id(result))
        peak.append(len(alive))
        return result

    clip = da.from_array(frames, chunks=(10, -1, -1)).map_blocks(counted, dtype=np.float64, meta=frames[:0])
    whole, by_blocks = (vmm.measure.displacement(x, fs=30, rois=(4, 4, 16, 20)) for x in (frames, clip))
    assert max(peak) <= 3
    for name in ("values", "stderr"):
        expected = getattr(whole, name)
        assert np.allclose(getattr(by_blocks, name), expected, rtol=1e-6, atol=1e-6 * np.nanmax(abs(expected)))
    shapes, expected_shapes = (vmm.measure.modes(x, [3.0], fs=30) for x in (clip, frames))
    assert np.allclose(shapes.shapes, expected_shapes.shapes, rtol=1e-6, atol=1e-6, equal_nan=True)
    assert np.allclose(shapes.stderr, expected_shapes.stderr, rtol=1e-6, equal_nan=True)
    lines, expected_lines = (vmm.measure.suggest(x, fs=30) for x in (clip, frames))
    assert [one.frequency for one in lines] == pytest.approx([one.frequency for one in expected_lines], rel=1e-6)


@pytest.mark.parametrize("band", [(2, 4), (8, 12)])
def test_the_windows_are_those_of_a_stream(band):
    temporal = vmm.temporal.fir(band, fs=30)
    for count in range(2, 260, 3):
        cores, stop = [], 0
        for window in windows(iter([np.zeros((count, 1, 1))]), temporal):
            start, stop = stop, stop + window.core_length
            cores.append((start, stop))
        assert list(spans(count, temporal)) == cores


def test_from_zarr_to_zarr(frames, tmp_path):
    pytest.importorskip("zarr", reason="zarr is not installed")
    array = np.clip(frames, 0, 255).astype(np.uint8)
    vmm.io.write(tmp_path / "in.zarr", array, 30)
    clip = da.from_zarr(str(tmp_path / "in.zarr")).rechunk((40, -1, -1))
    magnified("phase", clip, band=(2, 4)).to_zarr(str(tmp_path / "out.zarr"))
    out = np.concatenate(list(vmm.io.stream(tmp_path / "out.zarr", fs=30)))
    assert np.array_equal(out, magnified("phase", array, band=(2, 4)))


def example(*words):
    """Run the example of a cluster in this process."""
    with mock.patch.object(sys, "argv", ["magnify.py", *words]):
        runpy.run_path(str(EXAMPLES / "magnify.py"), run_name="__main__")


def test_the_example_of_a_cluster_on_an_object_store(frames, capsys):
    pytest.importorskip("zarr", reason="zarr is not installed")
    pytest.importorskip("fsspec", reason="fsspec is not installed")
    array = np.clip(frames, 0, 255).astype(np.uint8)
    da.from_array(array, chunks=(40, -1, -1)).to_zarr("memory://bucket/in.zarr")
    example("memory://bucket/in.zarr", "memory://bucket/out.zarr", "--band", "2", "4", "--fs", "30")
    assert capsys.readouterr().out == "110 frames were magnified and written to memory://bucket/out.zarr.\n"
    out = da.from_zarr("memory://bucket/out.zarr").compute()
    assert np.array_equal(out, magnified("phase", array, band=(2, 4)))


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_the_example_of_kubernetes_with_processes_of_this_machine(frames, tmp_path):
    """The commands of the file run, with a scheduler and a worker on this machine and a folder as the store."""
    pytest.importorskip("zarr", reason="zarr is not installed")
    distributed = pytest.importorskip("distributed", reason="dask.distributed is not installed")
    parts = list(yaml.safe_load_all((EXAMPLES / "kubernetes.yaml").read_text()))
    command = parts[-1]["spec"]["template"]["spec"]["containers"][0]["command"]
    array = np.clip(frames, 0, 255).astype(np.uint8)
    da.from_array(array, chunks=(40, -1, -1)).to_zarr(str(tmp_path / "in.zarr"))
    with distributed.LocalCluster(n_workers=1, threads_per_worker=2, dashboard_address=None) as cluster:
        places = {"s3://bucket": str(tmp_path), "tcp://scheduler:8786": cluster.scheduler_address}
        words = command[2:]
        for old, new in places.items():
            words = [word.replace(old, new) for word in words]
        example(*words)
    out = da.from_zarr(str(tmp_path / "out.zarr")).compute()
    assert np.array_equal(out, magnified("phase", array, band=(2, 4)))


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_the_bytes_are_the_same_on_other_processes(frames):
    distributed = pytest.importorskip("distributed", reason="dask.distributed is not installed")
    array = np.clip(frames, 0, 255).astype(np.uint8)
    environment = {name: text for name, text in os.environ.items() if name.startswith(("VMM_", "PYTHON"))}
    with (
        distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None, env=environment) as cluster,
        distributed.Client(cluster),
    ):
        for name, options in METHODS:
            lazy = magnified(name, da.from_array(array, chunks=(37, -1, -1)), **options)
            assert np.array_equal(lazy.compute(), magnified(name, array, **options))


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("temporal", ["fir", "causal"])
def test_a_killed_worker_loses_nothing(frames, temporal):
    distributed = pytest.importorskip("distributed", reason="dask.distributed is not installed")
    array = np.clip(np.tile(frames, (6, 1, 1)), 0, 255).astype(np.uint8)
    expected = magnified("phase", array, band=(2, 4), temporal=temporal)
    with (
        distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster,
        distributed.Client(cluster) as client,
    ):
        clip = da.from_array(array, chunks=(30, -1, -1))
        future = client.compute(magnified("phase", clip, band=(2, 4), temporal=temporal))
        while not any(client.has_what().values()):  # No task has ended yet.
            assert not future.done()
        os.kill(next(iter(client.run(os.getpid).values())), signal.SIGKILL)
        assert np.array_equal(future.result(timeout=300), expected)
