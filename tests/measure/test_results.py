"""Results in files."""

import csv
import dataclasses
import inspect
from dataclasses import replace

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
def signal(clip):
    return vmm.measure.displacement(clip, ROIS, fs=30, pixel_size=0.5, unit="mm")


def results(signal):
    return {
        "displacement": signal,
        "spectrum": vmm.measure.spectrum(signal),
        "peaks": vmm.measure.peaks(signal),
        "orbit": vmm.measure.orbit(signal, 5.3),
        "modes": vmm.measure.modes(signal, [5.3, 7.1]),
        "comparison": vmm.measure.compare(signal.values[:, 0, 1], signal.values[:, 1, 1], fs=30, sensor_fs=30),
        "rate": vmm.measure.breathing(signal, band=(1, 10)),
        "faults": vmm.measure.Faults((3,), ((7, 2),), np.zeros((4, 5)), ("a sentence",)),
        "suggestion": [
            vmm.measure.Suggestion(
                64.0, 0.01, 0.006, 40.0, "motion", (1, 2, 3, 4), (5, 6), 0.1, (63, 65), 2, None, 500, True
            )
        ],
    }


def assert_equal_results(a, b):
    """Check that two results have the same classes and values."""
    assert type(a) is type(b)
    if isinstance(a, np.ndarray):
        assert a.dtype == b.dtype
        np.testing.assert_array_equal(a, b)
    elif isinstance(a, (list, tuple)):
        assert len(a) == len(b)
        for x, y in zip(a, b, strict=True):
            assert_equal_results(x, y)
    elif hasattr(a, "__dataclass_fields__"):
        for name in a.__dataclass_fields__:
            assert_equal_results(getattr(a, name), getattr(b, name))
    else:
        assert a == b or (a != a and b != b)


KINDS = ["displacement", "spectrum", "peaks", "orbit", "modes", "comparison", "rate", "faults", "suggestion"]


def array_results(signal):
    """A result of each class that holds arrays."""
    by_kind = results(signal)
    frames = synthetic.render(synthetic.texture((24, 32)), synthetic.sway(8, 30, 5, 0.1))
    sound = vmm.measure.Sound(np.zeros(4), 30.0, (1.0, 9.0), 3.0, True, np.ones(2))
    single = ("displacement", "spectrum", "orbit", "modes", "comparison", "rate", "faults")
    wave = np.sin(np.arange(64)) + np.random.default_rng(0).normal(0, 0.01, 64)
    (change,) = vmm.measure.changes(wave, wave)
    return [*(by_kind[kind] for kind in single), by_kind["peaks"][0], vmm.measure.field(frames), sound, change]


def test_results_have_a_short_repr_and_compare_by_identity(signal):
    for result in array_results(signal):
        assert repr(result).startswith(type(result).__name__ + "(")
        assert "\n" not in repr(result) and len(repr(result)) < 120, repr(result)
        copy = dataclasses.replace(result)
        assert result == result and result != copy and len({result, copy}) == 2


def test_every_class_of_results_is_tested(signal):
    public = [getattr(vmm.measure, name) for name in dir(vmm.measure)]
    classes = {one for one in public if isinstance(one, type)} - {vmm.measure.Suggestion}
    assert classes == {type(result) for result in array_results(signal)}


def test_times_are_seconds_if_the_rate_is_known_and_frames_otherwise(clip):
    with_rate, without = (vmm.measure.displacement(clip, ROIS[0], fs=fs) for fs in (30, None))
    np.testing.assert_allclose(with_rate.times, np.arange(120) / 30)
    np.testing.assert_array_equal(without.times, np.arange(120))
    assert (with_rate.fs, with_rate.time_unit, without.fs, without.time_unit) == (30, "s", 1, "frame")


def test_derivatives_have_a_quantity_and_a_unit(signal):
    velocity, acceleration = vmm.measure.velocity(signal), vmm.measure.acceleration(signal)
    assert (signal.quantity, signal.unit) == ("displacement", "mm")
    assert (velocity.quantity, velocity.unit) == ("velocity", "mm/s")
    assert (acceleration.quantity, acceleration.unit) == ("acceleration", "mm/s²")
    assert type(velocity) is type(acceleration) is vmm.measure.RegionSignal


@pytest.mark.parametrize("module", [vmm.measure, vmm.stabilize])
def test_modules_list_public_names_only(module):
    assert sorted(dir(module)) == sorted(module.__all__)
    assert not any(name.startswith("_") or inspect.ismodule(getattr(module, name)) for name in dir(module))


@pytest.mark.parametrize("kind", KINDS)
def test_a_loaded_result_equals_the_saved_one(signal, kind, tmp_path):
    result = results(signal)[kind]
    save(tmp_path / "a.npz", result)
    assert_equal_results(load(tmp_path / "a.npz"), result)


def test_an_array_keeps_its_rate_and_unit(tmp_path):
    save(tmp_path / "a.npz", np.arange(5.0), fs=240, unit="mm")
    loaded = load(tmp_path / "a.npz")
    assert (loaded.fs, loaded.unit) == (240.0, "mm")
    np.testing.assert_array_equal(loaded.values, np.arange(5.0))
    with np.load(tmp_path / "a.npz") as archive:  # without vmm
        np.testing.assert_array_equal(archive["values"], np.arange(5.0))


def rows(path):
    with open(path, newline="", encoding="utf-8") as file:
        head, *lines = csv.reader(file)
    is_text = [name == "note" for name in head]
    return head, np.array([[np.nan if t else float(x) for x, t in zip(line, is_text, strict=True)] for line in lines])


def test_tables_have_units(signal, tmp_path):
    by_kind = results(signal)
    save(tmp_path / "d.csv", signal)
    head, lines = rows(tmp_path / "d.csv")
    assert head == ["time (s)"] + [
        f"region {i} {direction_name} (mm)" for i in (0, 1) for direction_name in ("down", "right")
    ]
    np.testing.assert_allclose(lines[:, 1:], signal.values.reshape(120, 4), rtol=1e-8)
    np.testing.assert_allclose(lines[:, 0], np.arange(120) / 30, atol=1e-8)
    save(tmp_path / "s.csv", by_kind["spectrum"])
    assert rows(tmp_path / "s.csv")[0][:2] == ["frequency (Hz)", "region 0 down (mm)"]
    save(tmp_path / "p.csv", by_kind["peaks"])
    head, lines = rows(tmp_path / "p.csv")
    errors = ["frequency stderr (Hz)", "clock stderr (Hz)"]
    assert head[:5] == ["frequency (Hz)", *errors, "snr (dB)", "amplitude region 0 down (mm)"] and head[-1] == "note"
    assert lines[0, 0] == pytest.approx(5.3, abs=0.01)
    save(tmp_path / "m.csv", by_kind["modes"])
    head, lines = rows(tmp_path / "m.csv")
    assert lines.shape == (4, 8) and head[2:4] == ["down real (mm)", "down imaginary (mm)"]
    named = dataclasses.replace(signal, names=("shaft", "bed"))
    save(tmp_path / "named.csv", vmm.measure.modes(named, 5.3))
    lines = (tmp_path / "named.csv").read_text().splitlines()
    assert [line.split(",")[1] for line in lines] == ["region", *named.names]
    save(tmp_path / "named spectrum.csv", vmm.measure.spectrum(named))
    assert rows(tmp_path / "named spectrum.csv")[0][-1] == "bed right (mm)"
    save(tmp_path / "c.csv", by_kind["comparison"])
    save(tmp_path / "r.csv", by_kind["rate"])
    assert rows(tmp_path / "r.csv")[0] == ["time (s)", "value (mm)"]


@pytest.mark.parametrize(
    ("fs", "player_rate"), [(2200, 8000), (30, 8000), (8000, 8000), (9000.0, 11025), (44100, 44100)]
)
def test_sound_has_a_rate_that_players_support(fs, player_rate, tmp_path):
    wave = np.sin(2 * np.pi * 0.11 * np.arange(1000)) * 1e-3 + 5
    save(tmp_path / "a.wav", wave, fs=fs)
    rate, samples = scipy.io.wavfile.read(tmp_path / "a.wav")
    assert rate == player_rate and samples.dtype == np.int16
    assert len(samples) == pytest.approx(1000 * player_rate / fs, rel=0.01)
    assert 0.85 * 32767 < np.abs(samples).max() <= 0.9 * 32767 + 1
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples))))
    assert np.argmax(spectrum) * rate / len(samples) == pytest.approx(0.11 * fs, rel=0.01)


def test_a_recovered_sound_is_saved(tmp_path):
    clip = synthetic.render(synthetic.texture((48, 48)), voices.speech(400, 2200, 0.02), noise=1.0)
    save(tmp_path / "a.wav", vmm.measure.sound(clip, fs=2200))
    assert scipy.io.wavfile.read(tmp_path / "a.wav")[0] == 8000


def test_universal_file_format(signal, tmp_path):
    pyuff = pytest.importorskip("pyuff")
    shapes = vmm.measure.modes(signal, [5.3, 7.1])
    save(tmp_path / "a.uff", [signal, shapes])
    sets = pyuff.UFF(str(tmp_path / "a.uff")).read_sets()
    assert [one["type"] for one in sets] == [164, 15] + 4 * [58] + 2 * [55]
    assert (sets[0]["units_code"], sets[0]["length"]) == (5, 1000)  # millimeters, as all lengths of the file
    np.testing.assert_allclose(sets[1]["x"], [9, 25])
    np.testing.assert_allclose(sets[1]["y"], [-9, -9])
    for k, (region, axis, direction) in enumerate([(0, 0, -2), (0, 1, 1), (1, 0, -2), (1, 1, 1)], start=2):
        np.testing.assert_allclose(sets[k]["data"], signal.values[:, region, axis], rtol=1e-4, atol=1e-9)
        assert (sets[k]["rsp_node"], sets[k]["rsp_dir"]) == (region + 1, direction)
        assert sets[k]["abscissa_inc"] == pytest.approx(1 / 30, rel=1e-4)
        assert sets[k]["ordinate_axis_units_lab"].strip() == "mm"
    assert sets[6]["freq"] == pytest.approx(5.3)
    np.testing.assert_allclose(sets[6]["r1"], shapes.shapes[0, :, 1], rtol=1e-4)
    np.testing.assert_allclose(sets[6]["r2"], -shapes.shapes[0, :, 0], rtol=1e-4)
    save(tmp_path / "b.uff", shapes)
    assert [one["type"] for one in pyuff.UFF(str(tmp_path / "b.uff")).read_sets()] == [164, 15, 55, 55]


def test_quantities_and_units_in_the_universal_file_format(signal, tmp_path):
    pyuff = pytest.importorskip("pyuff")
    signals = {8: signal, 11: vmm.measure.velocity(signal), 12: vmm.measure.acceleration(signal)}
    for code, unit in ((8, "mm"), (11, "mm/s"), (12, "mm/s^2")):
        path = tmp_path / f"{code}.uff"
        save(path, [signals[code], vmm.measure.modes(signals[code], 5.3)])
        units, nodes, history, *_, shape = pyuff.UFF(str(path)).read_sets()
        assert path.read_bytes().isascii()
        assert history["ordinate_axis_units_lab"].strip() == unit and shape["id2"].strip() == f"in {unit}"
        assert history["ordinate_spec_data_type"] == shape["spec_data_type"] == code
        assert units["length"] == 1000 and nodes["x"] == [9, 25]
    for unit, code, factor in (("m", 1, 1.0), ("in", 7, 39.3700787), ("um", 9, 1e6), ("px", 9, 1.0)):
        save(path, replace(signal, unit=unit), overwrite=True)
        units = pyuff.UFF(str(path)).read_sets(0)
        assert units["units_code"] == code and units["length"] == pytest.approx(factor)
    assert units["units_description"].strip() == "pixels, size unknown"
    with pytest.raises(ValueError, match="holds one unit of length, not mm and px"):
        save(path, [signal, replace(signal, unit="px")], overwrite=True)


def test_without_pyuff_the_message_names_the_package(signal, tmp_path, monkeypatch):
    monkeypatch.setattr("vmm.io.destination.find_spec", lambda name: None)
    with pytest.raises(ImportError, match="pip install pyuff"):
        save(tmp_path / "a.uff", signal)
    assert list(tmp_path.iterdir()) == []


def test_a_failed_save_keeps_the_old_file(signal, tmp_path, monkeypatch):
    save(tmp_path / "a.npz", signal)
    before = (tmp_path / "a.npz").read_bytes()

    def failing_save(path, **arrays):
        path.write_bytes(b"incomplete")
        raise OSError("the disk is full")

    monkeypatch.setattr(np, "savez_compressed", failing_save)
    with pytest.raises(OSError, match="the disk is full"):
        save(tmp_path / "a.npz", signal, overwrite=True)
    assert [path.name for path in tmp_path.iterdir()] == ["a.npz"]
    assert (tmp_path / "a.npz").read_bytes() == before


def test_invalid_destinations_and_results(signal, tmp_path):
    save(tmp_path / "a.npz", signal)
    with pytest.raises(FileExistsError, match="choose another name"):
        save(tmp_path / "a.npz", signal)
    for name, result, message in [
        ("a.xyz", signal, "unknown format '.xyz'; known formats are .npz, .csv, .wav, .uff"),
        ("a.wav", signal, r"holds one signal \(T,\), not \(120, 2, 2\)"),
        ("a.wav", vmm.measure.spectrum(signal), "not Spectrum"),
        ("a.csv", vmm.measure.orbit(signal, 5.3), "Orbit has no table"),
        ("a.uff", vmm.measure.spectrum(signal), "holds a RegionSignal, Modes of regions"),
        ("b.npz", {1: 2}, "a result that holds dict cannot be saved"),
        ("b.wav", np.full(20, np.nan), "the signal holds NaN"),
    ]:
        if name.endswith("uff"):
            pytest.importorskip("pyuff")
        with pytest.raises(ValueError, match=message):
            save(tmp_path / name, result, fs=30)
    with pytest.raises(FileNotFoundError, match="no such folder"):
        save(tmp_path / "no" / "a.npz", signal)
    assert [path.name for path in tmp_path.iterdir()] == ["a.npz"]


def test_invalid_files(tmp_path):
    with pytest.raises(FileNotFoundError, match="no such file"):
        load(tmp_path / "a.npz")
    np.savez(tmp_path / "a.npz", x=np.zeros(3))
    with pytest.raises(ValueError, match=r"does not hold a result that vmm\.measure\.save wrote"):
        load(tmp_path / "a.npz")
    (tmp_path / "b.npz").write_bytes(b"nonsense")
    with pytest.raises(ValueError, match=r"b\.npz is not a \.npz file of arrays, or it is damaged"):
        load(tmp_path / "b.npz")
    save(tmp_path / "c.npz", np.zeros(3))
    with np.load(tmp_path / "c.npz") as archive:
        arrays = dict(archive)
    arrays["about"] = np.array(str(arrays["about"]).replace("Signals", "os"))
    np.savez(tmp_path / "c.npz", **arrays)
    with pytest.raises(ValueError, match="does not know results of class 'os'"):
        load(tmp_path / "c.npz")


@pytest.mark.parametrize(
    "about",
    [
        "null",
        '"x"',
        "[1]",
        "",
        '{"list": [' * 5000,
        '{"list": [' + "9" * 5000 + "]}",
        '{"list": 3}',
        '{"array": "nothing"}',
        '{"array": [1]}',
        '{"fields": {}}',
        '{"kind": "Signals", "fields": [1]}',
        '{"kind": ["Signals"], "fields": {}}',
        '{"kind": "Signals", "fields": {"fs": 1.0}}',
        '{"kind": "Signals", "fields": {"values": "abc", "fs": 1.0, "unit": ""}}',
        '{"kind": "Signals", "fields": {"values": {"array": "values"}, "fs": "abc", "unit": ""}}',
    ],
)
def test_hostile_descriptions_are_refused(tmp_path, about):
    path = tmp_path / "a.npz"
    np.savez(path, about=np.array(about), values=np.zeros(3))
    with pytest.raises(ValueError, match=r"a\.npz: this file does not hold a result"):
        load(path)
    for result in ("x", 3.0, None):
        with pytest.raises(ValueError, match=f"a result that is {type(result).__name__} cannot be saved"):
            save(tmp_path / "b.npz", result)


@pytest.mark.parametrize("suffix", [".npz", ".csv", ".wav"])
@pytest.mark.parametrize("shape", [(0,), (0, 2), (5, 0), ()])
def test_an_array_without_samples_is_not_saved(suffix, shape, tmp_path):
    with pytest.raises(ValueError, match=r"without samples: there is nothing to save"):
        save(tmp_path / f"out{suffix}", np.zeros(shape), fs=30)
    assert list(tmp_path.iterdir()) == []
