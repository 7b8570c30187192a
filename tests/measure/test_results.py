"""Results in files."""

import builtins
import csv
import dataclasses

import numpy as np
import pytest
import scipy.io.wavfile

import vmm
from vmm.data import synthetic, voices
from vmm.measure import load, save

ROIS = [(8, 8, 21, 21), (8, 40, 21, 21)]


@pytest.fixture(scope="module")
def clip():
    return synthetic.render(synthetic.texture((48, 72)), synthetic.sway(120, 30, 5.3, 0.2, 30), noise=1.0)


@pytest.fixture(scope="module")
def moved(clip):
    return vmm.measure.displacement(clip, ROIS, fs=30, pixel_size=0.5, unit="mm")


def results(moved):
    return {
        "displacement": moved,
        "spectrum": vmm.measure.spectrum(moved),
        "peaks": vmm.measure.peaks(moved),
        "orbit": vmm.measure.orbit(moved, 5.3),
        "modes": vmm.measure.modes(moved, [5.3, 7.1]),
        "comparison": vmm.measure.compare(moved.values[:, 0, 1], moved.values[:, 1, 1], fs=30, sensor_fs=30),
        "rate": vmm.measure.breathing(moved, band=(1, 10)),
        "faults": vmm.measure.Faults((3,), ((7, 2),), np.zeros((4, 5)), ("a sentence",)),
        "suggestion": [
            vmm.measure.Suggestion(64.0, 0.01, 40.0, "motion", (1, 2, 3, 4), (5, 6), 0.1, (63, 65), 2, None, 500, True)
        ],
    }


def alike(a, b):
    """Whether two results hold the same, of the same kinds."""
    assert type(a) is type(b)
    if isinstance(a, np.ndarray):
        assert a.dtype == b.dtype
        np.testing.assert_array_equal(a, b)
    elif isinstance(a, (list, tuple)):
        assert len(a) == len(b)
        for x, y in zip(a, b, strict=True):
            alike(x, y)
    elif hasattr(a, "__dataclass_fields__"):
        for name in a.__dataclass_fields__:
            alike(getattr(a, name), getattr(b, name))
    else:
        assert a == b or (a != a and b != b)


KINDS = ["displacement", "spectrum", "peaks", "orbit", "modes", "comparison", "rate", "faults", "suggestion"]


@pytest.mark.parametrize("kind", KINDS)
def test_results_print_one_line_and_compare_by_identity(moved, kind):
    result = results(moved)[kind]
    if not isinstance(result, list):
        assert "\n" not in repr(result) and len(repr(result)) < 200
        assert result in [result] and result not in [dataclasses.replace(result)] and isinstance(hash(result), int)


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_saved_is_what_is_loaded(moved, kind, tmp_path):
    result = results(moved)[kind]
    save(tmp_path / "a.npz", result)
    alike(load(tmp_path / "a.npz"), result)


def test_an_array_keeps_its_rate_and_unit(tmp_path):
    save(tmp_path / "a.npz", np.arange(5.0), fs=240, unit="mm")
    found = load(tmp_path / "a.npz")
    assert (found.fs, found.unit) == (240.0, "mm")
    np.testing.assert_array_equal(found.values, np.arange(5.0))
    with np.load(tmp_path / "a.npz") as archive:  # without vmm
        np.testing.assert_array_equal(archive["values"], np.arange(5.0))


def rows(path):
    with open(path, newline="", encoding="utf-8") as file:
        head, *lines = csv.reader(file)
    return head, np.array(lines, dtype=float)


def test_tables_have_units(moved, tmp_path):
    found = results(moved)
    save(tmp_path / "d.csv", moved)
    head, lines = rows(tmp_path / "d.csv")
    assert head == ["time (s)"] + [f"region {i} {way} (mm)" for i in (0, 1) for way in ("down", "right")]
    np.testing.assert_allclose(lines[:, 1:], moved.values.reshape(120, 4), rtol=1e-8)
    np.testing.assert_allclose(lines[:, 0], np.arange(120) / 30, atol=1e-8)
    save(tmp_path / "s.csv", found["spectrum"])
    assert rows(tmp_path / "s.csv")[0][:2] == ["frequency (Hz)", "region 0 down (mm)"]
    save(tmp_path / "p.csv", found["peaks"])
    head, lines = rows(tmp_path / "p.csv")
    assert head[:4] == ["frequency (Hz)", "frequency stderr (Hz)", "snr (dB)", "amplitude region 0 down (mm)"]
    assert lines[0, 0] == pytest.approx(5.3, abs=0.01)
    save(tmp_path / "m.csv", found["modes"])
    head, lines = rows(tmp_path / "m.csv")
    assert lines.shape == (4, 8) and head[2:4] == ["down real (mm)", "down imaginary (mm)"]
    save(tmp_path / "c.csv", found["comparison"])
    save(tmp_path / "r.csv", found["rate"])
    assert rows(tmp_path / "r.csv")[0] == ["time (s)", "value (mm)"]


@pytest.mark.parametrize(("fs", "played"), [(2200, 8000), (30, 8000), (8000, 8000), (9000.0, 11025), (44100, 44100)])
def test_sound_can_be_played(fs, played, tmp_path):
    wave = np.sin(2 * np.pi * 0.11 * np.arange(1000)) * 1e-3 + 5
    save(tmp_path / "a.wav", wave, fs=fs)
    rate, heard = scipy.io.wavfile.read(tmp_path / "a.wav")
    assert rate == played and heard.dtype == np.int16
    assert len(heard) == pytest.approx(1000 * played / fs, rel=0.01)
    assert 0.85 * 32767 < np.abs(heard).max() <= 0.9 * 32767 + 1
    spectrum = np.abs(np.fft.rfft(heard * np.hanning(len(heard))))
    assert np.argmax(spectrum) * rate / len(heard) == pytest.approx(0.11 * fs, rel=0.01)


def test_what_was_heard_is_written(tmp_path):
    clip = synthetic.render(synthetic.texture((48, 48)), voices.speech(400, 2200, 0.02), noise=1.0)
    save(tmp_path / "a.wav", vmm.measure.sound(clip, fs=2200))
    assert scipy.io.wavfile.read(tmp_path / "a.wav")[0] == 8000


def test_universal_file(moved, tmp_path):
    pyuff = pytest.importorskip("pyuff")
    shapes = vmm.measure.modes(moved, [5.3, 7.1])
    save(tmp_path / "a.uff", [moved, shapes])
    sets = pyuff.UFF(str(tmp_path / "a.uff")).read_sets()
    assert [one["type"] for one in sets] == [15] + 4 * [58] + 2 * [55]
    np.testing.assert_allclose(sets[0]["x"], [18, 50])
    np.testing.assert_allclose(sets[0]["y"], [-18, -18])
    for k, (region, way, direction) in enumerate([(0, 0, -2), (0, 1, 1), (1, 0, -2), (1, 1, 1)], start=1):
        np.testing.assert_allclose(sets[k]["data"], moved.values[:, region, way], rtol=1e-4, atol=1e-9)
        assert (sets[k]["rsp_node"], sets[k]["rsp_dir"]) == (region + 1, direction)
        assert sets[k]["abscissa_inc"] == pytest.approx(1 / 30, rel=1e-4)
        assert sets[k]["ordinate_axis_units_lab"].strip() == "mm"
    assert sets[5]["freq"] == pytest.approx(5.3)
    np.testing.assert_allclose(sets[5]["r1"], shapes.shapes[0, :, 1], rtol=1e-4)
    np.testing.assert_allclose(sets[5]["r2"], -shapes.shapes[0, :, 0], rtol=1e-4)
    save(tmp_path / "b.uff", shapes)
    assert pyuff.UFF(str(tmp_path / "b.uff")).read_sets(0)["type"] == 15


def test_without_pyuff_its_pip_line_is_named(moved, tmp_path, monkeypatch):
    true = builtins.__import__

    def without(name, *rest):
        if name == "pyuff":
            raise ImportError(name)
        return true(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(ImportError, match="pip install pyuff"):
        save(tmp_path / "a.uff", moved)
    assert list(tmp_path.iterdir()) == []


def test_nothing_half_written_is_left(moved, tmp_path, monkeypatch):
    save(tmp_path / "a.npz", moved)
    before = (tmp_path / "a.npz").read_bytes()

    def broken(path, **arrays):
        path.write_bytes(b"half")
        raise OSError("the disk is full")

    monkeypatch.setattr(np, "savez_compressed", broken)
    with pytest.raises(OSError, match="the disk is full"):
        save(tmp_path / "a.npz", moved, overwrite=True)
    assert [path.name for path in tmp_path.iterdir()] == ["a.npz"]
    assert (tmp_path / "a.npz").read_bytes() == before


def test_what_cannot_be_saved(moved, tmp_path):
    save(tmp_path / "a.npz", moved)
    with pytest.raises(FileExistsError, match="choose another name"):
        save(tmp_path / "a.npz", moved)
    for name, result, said in [
        ("a.xyz", moved, "unknown format '.xyz'; known formats are .npz, .csv, .wav, .uff"),
        ("a.wav", moved, r"holds one signal \(T,\), not \(120, 2, 2\)"),
        ("a.wav", vmm.measure.spectrum(moved), "not Spectrum"),
        ("a.csv", vmm.measure.orbit(moved, 5.3), "Orbit has no table"),
        ("a.uff", vmm.measure.spectrum(moved), "holds a RegionSignal, Modes of regions"),
        ("b.npz", {1: 2}, "a result that holds dict cannot be saved"),
        ("b.wav", np.full(20, np.nan), "the signal holds NaN"),
    ]:
        if name.endswith("uff"):
            pytest.importorskip("pyuff")
        with pytest.raises(ValueError, match=said):
            save(tmp_path / name, result, fs=30)
    with pytest.raises(FileNotFoundError, match="no such folder"):
        save(tmp_path / "no" / "a.npz", moved)
    assert [path.name for path in tmp_path.iterdir()] == ["a.npz"]


def test_what_cannot_be_loaded(tmp_path):
    with pytest.raises(FileNotFoundError, match="no such file"):
        load(tmp_path / "a.npz")
    np.savez(tmp_path / "a.npz", x=np.zeros(3))
    with pytest.raises(ValueError, match=r"does not hold a result that vmm\.measure\.save wrote"):
        load(tmp_path / "a.npz")
    (tmp_path / "b.npz").write_bytes(b"nonsense")
    with pytest.raises(ValueError, match="does not hold a result"):
        load(tmp_path / "b.npz")
    save(tmp_path / "c.npz", np.zeros(3))
    with np.load(tmp_path / "c.npz") as archive:
        held = dict(archive)
    held["about"] = np.array(str(held["about"]).replace("Signals", "os"))
    np.savez(tmp_path / "c.npz", **held)
    with pytest.raises(ValueError, match="does not know results of class 'os'"):
        load(tmp_path / "c.npz")
