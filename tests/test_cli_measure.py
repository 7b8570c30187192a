"""The measuring commands of the command line."""

import re
import warnings
from fractions import Fraction
from html.parser import HTMLParser

import numpy as np
import pytest
from cases import VIDEOS

import vmm
from vmm.cli import main
from vmm.data import synthetic, voices

FS, COUNT = 80, 160
LINES = (5.0, 17.0)
AMPLITUDES = (0.2, 0.05)
BEAM = (24, 99, 16, 15)  # near the free end of the beam, which is soft from column 116 on
PLACE = " ".join(map(str, BEAM))  # as tables print it


_PEAK = r"([\d.]+) \+- ([\d.]+) \(noise\) \+- [\d.]+ \(clock 1e-4\) Hz +([\d.]+) \+- ([\d.]+) px"


def run(*arguments):
    try:
        return main([str(argument) for argument in arguments])
    except SystemExit as stop:  # argparse
        return stop.code


@pytest.fixture(scope="module")
def beam(tmp_path_factory):
    """A beam with modes at 5 and 17 Hz, in a file that plays slower than it was filmed."""
    times = np.arange(COUNT) / FS
    ends = [a * np.sin(2 * np.pi * f * times) for f, a in zip(LINES, AMPLITUDES, strict=True)]
    scene = synthetic.beam((64, 128), modes=2, height=32)
    path = tmp_path_factory.mktemp("beam") / "beam.mkv"
    vmm.io.write(path, synthetic.render(scene, np.stack(ends, axis=1), noise=1.0), 25)
    return path


def test_measure_writes_every_format(beam, tmp_path, capsys):
    names = ["m.npz", "m.csv", "m.wav", "m.uff", "m.png"]
    outs = [word for name in names for word in ("--out", tmp_path / name)]
    boxes = ["--roi", *BEAM, "--roi", 24, 40, 16, 24]
    assert run("measure", beam, "--fs", FS, *boxes, "--pixel-size", 0.5, "--unit", "mm", *outs) == 0
    output = capsys.readouterr()
    assert "displacement, 160 frames at 80 Hz, 2 s" in output.out and PLACE in output.out and "mm" in output.out
    assert output.err == ""  # neither a progress bar, since the output is not a terminal, nor a warning
    signal = vmm.measure.load(tmp_path / "m.npz")
    assert signal.unit == "mm" and signal.values.shape == (COUNT, 2, 2) and signal.fs == FS
    assert {path.name for path in tmp_path.iterdir()} == set(names)
    assert (tmp_path / "m.csv").read_text().startswith("time (s),region 0 down (mm),")
    assert run("measure", beam, "--fs", FS, *boxes, *outs) == 2
    assert "exists; choose another name" in capsys.readouterr().err
    assert run("measure", beam, "--fs", FS, *boxes, "--quantity", "velocity", *outs, "--overwrite") == 0
    assert vmm.measure.load(tmp_path / "m.npz").unit == "px/s"


def test_without_a_roi_the_vibrating_region_is_measured(beam, capsys):
    assert run("spectrum", beam, "--fs", FS) == 0
    output = capsys.readouterr().out.splitlines()
    assert output[0].startswith("Measured where 5") and "--roi" in output[0]
    row, col, height, width = map(int, output[0].split()[-4:])
    assert 0 < row < row + height < 64 and 32 < col < col + width < 128
    matches = filter(None, (re.match(_PEAK, line) for line in output[2:]))
    peaks = sorted([float(part) for part in match.groups()] for match in matches)
    assert peaks  # The region may lie at the node of the second mode.
    for (frequency, stderr, amplitude, amplitude_stderr), true in zip(peaks, LINES, strict=False):
        assert abs(frequency - true) < 5 * stderr < 0.1
        assert 0 < amplitude_stderr < 0.2 * amplitude


def test_a_grid_of_regions_in_a_part_of_the_clip(beam, tmp_path, capsys):
    assert run("measure", beam, "--fs", FS, "--grid", 16, "--end", 1, "--out", tmp_path / "m.npz") == 0
    signal = vmm.measure.load(tmp_path / "m.npz")
    assert len(signal) == 80 and signal.rois == tuple(vmm.measure.grid(16)((64, 128)))
    assert len(capsys.readouterr().out.splitlines()) == 1 + 1 + 2 * len(signal.rois) - max(0, 2 * len(signal.rois) - 25)


def test_spectrum_writes_its_peaks(beam, tmp_path, capsys):
    outs = ["--out", tmp_path / "s.csv", "--out", tmp_path / "s.png", "--peaks", tmp_path / "p.csv"]
    assert run("spectrum", beam, "--fs", FS, "--roi", *BEAM, "--band", 3, 30, *outs) == 0
    lines = np.genfromtxt(tmp_path / "p.csv", delimiter=",", names=True)
    assert sorted(lines["frequency_Hz"].round(1)) == list(LINES)
    assert (tmp_path / "s.csv").read_text().startswith("frequency (Hz),down (px),right (px)")
    assert (tmp_path / "s.png").stat().st_size > 10_000
    assert run("spectrum", beam, "--fs", FS, "--roi", *BEAM, "--band", 25, 30) == 0
    assert "No peak is significantly above the noise" in capsys.readouterr().out


def test_the_spectrum_equals_that_of_the_library(tmp_path, capsys):
    clip = synthetic.render(synthetic.texture((64, 64)), synthetic.sway(160, FS, 5.0, 0.2), noise=1.0)
    vmm.io.write(tmp_path / "sine.mkv", clip, FS)
    roi = (16, 16, 32, 32)
    assert run("spectrum", tmp_path / "sine.mkv", "--fs", FS, "--roi", *roi, "--out", tmp_path / "s.npz") == 0
    by_command = vmm.measure.load(tmp_path / "s.npz")
    by_function = vmm.measure.spectrum(vmm.measure.displacement(clip, roi, fs=FS))
    np.testing.assert_array_equal(by_command.frequencies, by_function.frequencies)
    for result in (by_command, by_function):
        power = np.square(result.values).reshape(len(result.frequencies), -1).sum(axis=1)
        assert f"{result.frequencies[power.argmax()]:.2f}" == "5.00"
    assert capsys.readouterr().out.splitlines()[-1].startswith("5.00")


@pytest.mark.slow
def test_modes_of_a_dense_field(beam, tmp_path, capsys):
    outs = [word for name in ("m.npz", "m.png", "m.gif") for word in ("--out", tmp_path / name)]
    assert run("modes", beam, "--fs", FS, "--frequency", *LINES, "--reference", *BEAM, *outs) == 0
    result = vmm.measure.load(tmp_path / "m.npz")
    true = synthetic.cantilever(synthetic.beam_positions(128), 2)
    similarity = vmm.measure.mac(result.shapes[:, 28:36, 12:116, 0].mean(axis=1), true[:, 12:116])
    assert np.diag(similarity).min() > 0.99
    assert vmm.io.info(tmp_path / "m.gif").shape == (24, 2 * 64, 128, 3)
    assert "17 Hz" in capsys.readouterr().out


def test_animations_keep_the_pixel_aspect(tmp_path):
    clip = synthetic.render(synthetic.texture((48, 64)), synthetic.sway(60, FS, 5.0, 0.2), noise=1.0)
    like = vmm.io.video.Info(clip.shape, "uint8", None, "ffv1", "gray", pixel_aspect=Fraction(16, 11))
    vmm.io.write(tmp_path / "wide.mkv", clip, FS, like=like)
    regions = ("--frequency", 5, "--roi", 8, 8, 32, 32)
    assert run("modes", tmp_path / "wide.mkv", "--fs", FS, *regions, "--out", tmp_path / "modes.mp4") == 0
    assert vmm.io.info(tmp_path / "modes.mp4").pixel_aspect == Fraction(16, 11)


def test_modes_of_regions(beam, tmp_path, capsys):
    outs = [word for name in ("m.csv", "m.uff", "m.png") for word in ("--out", tmp_path / name)]
    regions = ["--roi", 24, 48, 16, 16, "--roi", 24, 72, 16, 16, "--roi", 24, 96, 16, 16]
    assert run("modes", beam, "--fs", FS, *regions, "--arrows", "--reference", 1, *outs) == 0
    frequencies = [float(line.split()[0]) for line in capsys.readouterr().out.splitlines()[1:]]
    assert sorted(frequencies) == pytest.approx(LINES, abs=0.05)  # those of the strongest vibrations
    assert (tmp_path / "m.csv").read_text().startswith("frequency (Hz),region,")
    assert run("modes", beam, "--fs", FS, "--out", tmp_path / "n.csv") == 2
    assert "this format holds shapes of regions" in capsys.readouterr().err
    assert run("modes", beam, "--fs", FS, *regions, "--frequency", 5, "--reference", 1, 2) == 2
    assert "--reference 1 2 must be the number" in capsys.readouterr().err


def test_sound(tmp_path, capsys):
    voice = voices.speech(600, 2200, 0.02)
    vmm.io.write(tmp_path / "in.mkv", synthetic.render(synthetic.texture((48, 48)), voice, noise=1.0), 30)
    outs = [word for name in ("s.wav", "s.png", "s.npz") for word in ("--out", tmp_path / name)]
    assert run("sound", tmp_path / "in.mkv", "--fs", 2200, "--band", 100, 900, *outs) == 0
    assert float(capsys.readouterr().out.split("ratio ")[1].split()[0]) > 15
    assert abs(np.corrcoef(vmm.measure.load(tmp_path / "s.npz").values, voice[:, 1])[0, 1]) > 0.98
    assert run("sound", tmp_path / "in.mkv") == 0
    assert "Too low to be heard" in capsys.readouterr().out


@pytest.mark.slow
def test_pulse_and_breath(tmp_path, capsys, rng):
    beat = np.sin(2 * np.pi * 1.1 * np.arange(240) / 30)
    color = np.array([190.0, 140.0, 120.0]) - np.outer(beat, [0.2, 0.6, 0.3])
    frames = np.rint(color[:, None, None] + rng.normal(0, 1, (240, 32, 32, 3))).astype(np.uint8)
    vmm.io.write(tmp_path / "in.mkv", frames, 30)
    assert run("pulse", tmp_path / "in.mkv", "--roi", 4, 4, 24, 24, "--out", tmp_path / "p.csv") == 0
    assert capsys.readouterr().out.startswith(("65.", "66.", "67."))
    assert (tmp_path / "p.csv").read_text().startswith("time (s),")
    assert run("pulse", tmp_path / "in.mkv", "--min-snr", 40) == 0
    assert capsys.readouterr().out.startswith("Unknown: the signal-to-noise ratio of the pulse")
    chest = synthetic.render(synthetic.texture((48, 48)), synthetic.sway(300, 10, 0.3, 0.3), noise=1.0)
    vmm.io.write(tmp_path / "chest.mkv", chest, 10)
    assert run("pulse", tmp_path / "chest.mkv", "--breath", "--out", tmp_path / "b.png") == 0
    assert capsys.readouterr().out.startswith(("18.", "17.9"))


class Page(HTMLParser):
    """A parser that collects the contents of a page."""

    def __init__(self):
        super().__init__()
        self.open, self.headings, self.pictures, self.videos, self.cells = [], [], [], [], []

    def handle_starttag(self, tag, attributes):
        if tag == "img":
            self.pictures.append(dict(attributes)["src"])
        elif tag == "video":
            self.videos.append(dict(attributes)["src"])
            self.open.append(tag)
        elif tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] == "h2":
            self.headings.append(data)
        if self.open and self.open[-1] == "td":
            self.cells.append(data)


def test_report(beam, tmp_path):
    import base64
    import io

    import imageio.v3 as iio

    path = tmp_path / "out.html"
    options = ["--report", path, "--shapes", 1, "--quantity", "velocity", "--quiet"]
    assert run("measure", beam, "--fs", FS, "--roi", *BEAM, *options) == 0
    text = path.read_text(encoding="utf-8")
    page = Page()
    page.feed(text)
    assert page.open == []
    assert page.headings == [
        "Clip",
        "Regions",
        "Suggestions",
        "Magnified clip",
        "Waveform",
        "Peaks",
        "Orbit",
        "Shapes of displacement",
        "Faults of the clip",
        "Meaning of the standard error",
        "Settings",
    ]
    assert not re.search(r"https?://|src=\"(?!data:)", text)  # the page loads nothing from elsewhere
    assert len(page.pictures) == 6 and len(page.videos) == 2
    for picture in page.pictures:
        assert iio.imread(io.BytesIO(base64.b64decode(picture.split(",")[1]))).std() > 1
    assert "--fs" in page.cells and PLACE in page.cells
    assert any(cell.endswith(" px/s") for cell in page.cells)
    assert any(re.match(r"(5\.0|4\.99)\d* \+- ", cell) for cell in page.cells)
    assert run("measure", beam, "--fs", FS, "--roi", *BEAM, "--report", path) == 2  # the file exists already
    assert path.read_text(encoding="utf-8") == text and [p.name for p in tmp_path.iterdir()] == ["out.html"]


def test_a_report_with_chosen_frequencies_and_a_given_magnified_clip(beam, tmp_path, capsys):
    magnified, path = tmp_path / "linear by 9.mkv", tmp_path / "out.html"
    assert run("linear", beam, magnified, "--fs", FS, "--band", 4, 6, "--alpha", 9, "--quiet") == 0
    frequencies = [word for frequency in (5, 5.01, 90) for word in ("--frequency", frequency)]
    options = ["--report", path, *frequencies, "--magnified", magnified, "--quiet"]
    assert run("measure", beam, "--fs", FS, "--roi", *BEAM, *options) == 0
    text = path.read_text(encoding="utf-8")
    page = Page()
    page.feed(text)
    assert "Shapes of displacement" in page.headings and "Magnified clip" in page.headings
    assert "One period at 5 Hz" in text and "One period at 5.01 Hz" in text and len(page.videos) == 3
    assert "The shape at 90 Hz is unknown: " in text
    assert run("measure", beam, "--fs", FS, "--roi", *BEAM, "--frequency", 3) == 2
    assert "give --report" in capsys.readouterr().err
    wrong = ["--report", tmp_path / "other.html", "--magnified", tmp_path / "missing.mkv", "--quiet"]
    assert run("measure", beam, "--fs", FS, "--roi", *BEAM, *wrong) == 2
    assert not (tmp_path / "other.html").exists()


def test_a_report_that_fails_leaves_no_file(beam, tmp_path, monkeypatch, capsys):
    def broken(*_, **__):
        raise OSError("no space left on device")

    monkeypatch.setattr(vmm.plot, "page", broken)
    common = ["measure", beam, "--fs", FS, "--roi", *BEAM, "--shapes", 0]
    assert run(*common, "--report", tmp_path / "out.html") == 2
    assert "no space left" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_a_report_on_a_clip_without_texture(tmp_path, rng, capsys):
    frames = np.rint(rng.normal(100, 1, (40, 48, 64))).astype(np.uint8)
    vmm.io.write(tmp_path / "in.mkv", frames, 30)
    assert run("measure", tmp_path / "in.mkv", "--report", tmp_path / "out.html") == 0
    output = capsys.readouterr()
    assert "Nothing vibrates above the noise" in output.out and "unknown" in output.out
    assert output.err.startswith("vmm: warning: region 0: too little texture")
    assert "too little texture" in (tmp_path / "out.html").read_text(encoding="utf-8")


def test_one_warning_for_each_file_names_a_codec_that_destroys_motion(tmp_path, capsys):
    clip = synthetic.render(synthetic.texture((48, 64)), synthetic.sway(120, 30, 2.5, 0.3), noise=1.0)
    vmm.io.write(tmp_path / "in.mp4", clip, 30)
    for number, verb in enumerate(("pulse", "measure", "spectrum", "modes", "sound")):
        more = ["--frequency", 2.5] if verb == "modes" else ["--roi", 8, 8, 32, 32]
        assert run(verb, tmp_path / "in.mp4", *more) == 0
        output = capsys.readouterr().err.splitlines()
        assert len(output) == (number == 1)  # The pulse is no motion, and later commands do not repeat the warning.
        if output:
            assert output[0].startswith("vmm: warning: in.mp4: h264 predicts frames, and about ")
            assert output[0].endswith("% of a vibration of 0.02 px remain; vmm info in.mp4 says more")
    assert run("info", tmp_path / "in.mp4") == 0
    assert "% of one of 0.005 px" in capsys.readouterr().out


@pytest.mark.slow
def test_an_mp4_destroys_as_much_motion_as_the_readme_states(tmp_path):
    """The README states these figures."""
    frequencies, sizes = (5.0, 31.0, 87.0), np.array([0.2, 0.02, 0.005])
    times = np.arange(480) / 240
    ends = sizes * np.sin(2 * np.pi * np.outer(times, frequencies))
    clip = synthetic.render(synthetic.beam(), ends, noise=1.0)
    rois = [(38, col, 21, 21) for col in range(12, 292, 20)]
    true = synthetic.cantilever(synthetic.beam_positions()[[col + 10 for _, col, _, _ in rois]])
    for name, expected in (("in.mkv", (1, 1, 1)), ("in.mp4", (0.86, 0.08, 0.06))):
        vmm.io.write(tmp_path / name, clip, 240)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # The codec moves the blocks of some regions in parts.
            signal = vmm.measure.displacement(vmm.io.stream(tmp_path / name, gray=True), rois, method="linear")
        shapes, known = vmm.measure.modes(signal, frequencies).shapes[..., 0], signal.is_known[:, 0]
        shares = np.abs((shapes * true)[:, known].sum(axis=1)) / (true[:, known] ** 2).sum(axis=1) / sizes
        assert shares == pytest.approx(expected, abs=0.05)


BAD = {
    "format": (["measure", "in.mkv", "--out", "out.xyz"], "unknown format '.xyz'; known are .npz, .csv, .wav"),
    "page": (["measure", "in.mkv", "--report", "out.pdf"], "unknown format '.pdf'; known are .html, .htm"),
    "peaks": (["spectrum", "in.mkv", "--peaks", "out.uff"], "unknown format '.uff'; known are .csv, .npz"),
    "unit": (["measure", "in.mkv", "--pixel-size", "0.1"], "--pixel-size 0.1 needs the unit of that length"),
    "box": (["measure", "in.mkv", "--roi", "0", "0", "99", "9"], "must lie inside the frame, (64, 128)"),
    "step": (["measure", "in.mkv", "--grid-step", "9"], "--grid-step 9 needs --grid"),
    "frequency": (["modes", "in.mkv", "--frequency", "99"], "99"),
    "band": (["spectrum", "in.mkv", "--roi", "24", "60", "16", "24", "--band", "9", "3"], "must be rising"),
    "gray": (["pulse", "in.mkv"], "a pulse needs color frames"),
    "itself": (["modes", "in.mkv", "--out", "in.mkv", "--overwrite"], "is the input itself"),
    "no file": (["sound", "nothing.mkv"], "nothing.mkv: no such file or folder"),
    "no folder": (["pulse", "in.mkv", "--out", "none/out.csv"], "no such folder to write out.csv to"),
    "end": (["measure", "in.mkv", "--start", "9", "--end", "9"], "no frames from start=9"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input(case, beam, tmp_path, monkeypatch, capsys):
    arguments, message = BAD[case]
    monkeypatch.chdir(tmp_path)
    (tmp_path / "in.mkv").symlink_to(beam)
    assert run(*arguments, "--quiet") == 2
    output = capsys.readouterr().err.strip()
    assert message in output and output.startswith("vmm: error: ") and "\n" not in output
    assert [path.name for path in tmp_path.iterdir()] == ["in.mkv"]


@pytest.mark.skipif(not VIDEOS.exists(), reason="the real clips are not at hand")
class TestRealClips:
    def test_pulse_of_a_face(self, capsys):
        assert run("pulse", VIDEOS / "face.mp4", "--roi", 90, 150, 120, 220) == 0
        output = capsys.readouterr()
        assert 50 < float(output.out.split()[0]) < 60 and not output.err

    @pytest.mark.slow
    def test_report_of_a_high_speed_recording(self, tmp_path, capsys):
        report = ["--report", tmp_path / "out.html", "--shapes", 1]
        assert run("measure", VIDEOS / "beam.cih", "--unit", "mm", "--pixel-size", 0.5, *report) == 0
        output = capsys.readouterr()
        assert "75 frames at 15000 Hz" in output.out and " mm" in output.out and not output.err
        assert (tmp_path / "out.html").stat().st_size > 100_000


def test_regions_with_names(beam, tmp_path, capsys):
    boxes = ["--roi", *BEAM, "--roi", 24, 40, 16, 24]
    names = ["--name", "free end", "--name", "middle"]
    assert run("measure", beam, "--fs", FS, *boxes, *names, "--out", tmp_path / "m.csv") == 0
    assert (tmp_path / "m.csv").read_text().startswith("time (s),free end down (px),free end right (px),middle down")
    assert capsys.readouterr().out.splitlines()[2].split()[:7] == ["free", "end", *PLACE.split(), "down"]
    assert run("measure", beam, "--fs", FS, *boxes, "--name", "free end") == 2
    assert "must give each of the 2 regions of --roi its own name" in capsys.readouterr().err
    assert run("spectrum", beam, "--fs", FS, *boxes, *names, "--peaks", tmp_path / "p.csv") == 0
    assert "  free end  down " in capsys.readouterr().out
    assert ",amplitude free end down (px)," in (tmp_path / "p.csv").read_text()


def test_tables_hold_the_reason_of_a_region(beam, tmp_path, capsys):
    reason = "moves in parts: an edge runs through it"
    part = ["--end", 1, "--roi", 8, 96, 24, 16, "--name", "edge", "--report", tmp_path / "r.html"]
    assert run("measure", beam, "--fs", FS, *part) == 0
    output, page = capsys.readouterr(), Page()
    assert f"edge: {reason}" in output.err and output.out.splitlines()[2].endswith(reason)
    page.feed((tmp_path / "r.html").read_text(encoding="utf-8"))
    assert reason in page.cells and "8 96 24 16" in page.cells
    assert all(cell.endswith(" --end 1") for cell in page.cells if cell.startswith("vmm "))
