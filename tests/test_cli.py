"""The command line."""

import logging
import re
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from cases import BY_FREQUENCY
from ffmpeg import run_ffmpeg

import vmm
from vmm.cli import main, messages
from vmm.cli.preview import preview_scale
from vmm.data import synthetic
from vmm.io.drafts import PREFIX


@pytest.fixture
def video(tmp_path):
    frames = synthetic.render(synthetic.texture((32, 48)), synthetic.sway(40, 30, 2.5, 0.2))
    vmm.io.write(tmp_path / "in.mkv", frames, 30)
    return tmp_path / "in.mkv"


def run(*arguments):
    try:
        return main([str(argument) for argument in arguments])
    except SystemExit as stop:  # argparse
        return stop.code


@pytest.mark.parametrize("name", vmm.METHODS)
def test_methods(name, video, tmp_path, capsys):
    more = ["--level", 2] if name == "color" else []
    by_band = name not in BY_FREQUENCY
    where = ["--band", 2, 3] if by_band else ["--frequency", 2.5]
    assert run(name, video, tmp_path / "out.mkv", *where, "--alpha", 7, *more) == 0
    frames, fs = vmm.io.read(video)
    options = {"level": 2} if name == "color" else {}
    expected = getattr(vmm, name).magnify(frames, (2, 3) if by_band else 2.5, fs=30, alpha=7, **options)
    out, rate = vmm.io.read(tmp_path / "out.mkv")
    assert rate == fs == 30
    assert np.abs(out.astype(int) - expected).max() <= 1
    assert "out.mkv" in capsys.readouterr().err  # the progress bar


def test_capture_rate_is_not_playback_rate(video, tmp_path):
    out = tmp_path / "out.mkv"
    assert run("linear", video, out, "--band", 40, 60, "--fs", 600, "--quiet") == 0
    assert vmm.io.info(out).fps == 30
    frames, _ = vmm.io.read(video)
    expected = vmm.linear.magnify(frames, (40, 60), fs=600)
    assert np.abs(vmm.io.read(out)[0].astype(int) - expected).max() <= 1
    assert run("linear", video, out, "--band", 2, 3, "--playback-rate", 15, "--overwrite", "--quiet") == 0
    assert vmm.io.info(out).fps == 15


def test_mask_roi_start_end_and_scale(video, tmp_path):
    import imageio.v3 as iio

    mask = np.zeros((32, 48), np.uint8)
    mask[8:24, 10:30] = 255
    iio.imwrite(tmp_path / "mask.png", mask)
    common = ["--band", 2, 3, "--alpha", 20, "--quiet"]
    assert run("linear", video, tmp_path / "a.mkv", *common, "--mask", tmp_path / "mask.png") == 0
    assert run("linear", video, tmp_path / "b.mkv", *common, "--roi", 8, 10, 16, 20) == 0
    a, b, frames = (vmm.io.read(path)[0] for path in (tmp_path / "a.mkv", tmp_path / "b.mkv", video))
    assert np.array_equal(a, b)
    assert np.array_equal(a[:, mask == 0], frames[:, mask == 0])
    assert not np.array_equal(a, frames)
    assert run("linear", video, tmp_path / "c.mkv", *common, "--start", 0.5, "--end", 1) == 0
    assert vmm.io.info(tmp_path / "c.mkv").shape == (15, 32, 48)
    assert run("linear", video, tmp_path / "d.mkv", *common, "--scale", 0.5, "--roi", 8, 10, 16, 20) == 0
    assert vmm.io.info(tmp_path / "d.mkv").shape == (40, 16, 24)
    assert run("linear", video, tmp_path / "e.mkv", *common, "--scale", 0.5, "--mask", tmp_path / "mask.png") == 0


def test_side_by_side(video, tmp_path):
    assert run("linear", video, tmp_path / "out.mkv", "--band", 2, 3, "--compare", "--quiet") == 0
    assert vmm.io.info(tmp_path / "out.mkv").shape == (40, 48, 100)  # Labels are above the pictures.
    assert np.array_equal(vmm.io.read(tmp_path / "out.mkv")[0][:, 16:, :48], vmm.io.read(video)[0])


def test_preview(video, tmp_path, capsys):
    frames = vmm.io.read(video)[0]
    frames[:5] = frames[5]
    vmm.io.write(tmp_path / "slow.mkv", np.repeat(frames, 2, axis=0)[:70], 30)
    assert run("linear", tmp_path / "slow.mkv", tmp_path / "out.mkv", "--band", 8, 9, "--preview", "--quiet") == 0
    assert vmm.io.info(tmp_path / "out.mkv").shape == (30, *frames.shape[1:3])
    captured = capsys.readouterr()
    assert "preview in full size: 1 s of the clip from" in captured.out
    assert "shorter than the temporal filter" not in captured.err
    wide = np.tile(frames, (1, 1, 17))
    vmm.io.write(tmp_path / "wide.mkv", wide, 30)
    assert run("linear", tmp_path / "wide.mkv", tmp_path / "small.mkv", "--band", 8, 9, "--preview", "--quiet") == 0
    assert vmm.io.info(tmp_path / "small.mkv").shape[1:] == (8, 204)
    assert "preview at 0.25 of the size" in capsys.readouterr().out


def test_a_preview_opens_the_file_once(video, tmp_path, monkeypatch):
    wide = np.tile(vmm.io.read(video)[0], (1, 1, 17))
    vmm.io.write(tmp_path / "wide.mkv", wide, 30)
    opened = []
    stream = vmm.io.stream

    def counted(path, **options):
        opened.append(path)
        return stream(path, **options)

    monkeypatch.setattr(vmm.io, "stream", counted)
    assert run("linear", tmp_path / "wide.mkv", tmp_path / "small.mkv", "--band", 8, 9, "--preview", "--quiet") == 0
    assert len(opened) == 1


def test_previews_of_small_clips_can_be_seen():
    sizes = (1080, 1920), (800, 500), (480, 640), (200, 399), (32, 48)
    assert [preview_scale(size) for size in sizes] == [0.25, 0.25, 0.5, 1, 1]


def test_compare(video, tmp_path):
    assert run("slice", video, video, tmp_path / "out.png", "--row", 4) == 0
    assert (tmp_path / "out.png").stat().st_size > 1000
    assert run("slice", video, video, tmp_path / "out.png") == 2
    assert run("slice", video, video, tmp_path / "out.mkv") == 0
    assert vmm.io.info(tmp_path / "out.mkv").shape == (40, 32, 100)
    assert run("linear", video, tmp_path / "out.mp4", "--band", 2, 3, "--quiet") == 0
    assert run("slice", video, tmp_path / "out.mp4", tmp_path / "both.mkv") == 0  # one is gray
    assert vmm.io.info(tmp_path / "both.mkv").shape == (40, 32, 100, 3)


def test_sound_is_copied_if_the_playback_rate_is_unchanged(video, tmp_path):
    run_ffmpeg(
        "-f", "lavfi", "-i", "sine=d=1.33", "-i", video, "-c:v", "libx264", "-pix_fmt", "yuv420p", tmp_path / "in.mp4"
    )
    common = ["linear", tmp_path / "in.mp4", "--band", 2, 3, "--quiet"]
    for name, more, has_sound in (
        ("a.mp4", [], True),
        ("b.mkv", [], True),
        ("c.mp4", ["--start", 0.5, "--end", 1], True),
        ("d.mp4", ["--playback-rate", 15], False),
    ):
        assert run(*common[:2], tmp_path / name, *common[2:], *more) == 0
        assert vmm.io.info(tmp_path / name).has_sound is has_sound
    assert vmm.io.info(tmp_path / "c.mp4").shape[0] == 15


def test_info(video, tmp_path, capsys):
    assert run("info", video) == 0
    printed = capsys.readouterr().out
    assert "48 x 32, gray, uint8" in printed and "40" in printed and "30 frames/s" in printed and "ffv1" in printed
    vmm.io.write(tmp_path / "a.tif", np.zeros((3, 8, 8), np.uint8), 30)
    assert run("info", tmp_path / "a.tif") == 0
    assert "not stated; give the camera rate with --fs" in capsys.readouterr().out


@pytest.mark.slow
def test_demo(tmp_path, capsys):
    assert run("demo", tmp_path / "demo", "--frames", 60) == 0
    names = {path.name for path in (tmp_path / "demo").iterdir()}
    assert names == {"animation.webp", "input.mkv", "output.mp4", "side-by-side.mp4", "slice.png"}
    printed = capsys.readouterr().out
    achieved = float(printed.split("The motion is ")[1].split(" ")[0])
    assert "21.00 times were asked for" in printed
    assert achieved == pytest.approx(21, rel=0.12)  # the ends of the clip are a large part of two seconds
    assert run("demo", tmp_path / "none", "--frames", 1) == 2
    assert run("demo", tmp_path / "none", "--alpha", "nan") == 2
    assert not (tmp_path / "none").exists()


def test_help_comes_from_the_docstring(capsys):
    assert run("phase", "-h") == 0
    printed = " ".join(capsys.readouterr().out.split())
    assert (
        "--octave" in printed
        and "Bandwidth of the subbands in octaves, in [0.1, 1]: usually 1, 0.5 or 0.25. Default: 0.5." in printed
    )
    assert "--sigma" in printed and "--mask" in printed and "--band LOW HIGH" in printed


BAD = {
    "no file": (["nothing.mp4", "out.mkv"], "nothing.mp4: no such file or folder"),
    "no video": (["text.mp4", "out.mkv"], "text.mp4: no video that ffmpeg can decode"),
    "no rate": (
        ["stack.tif", "out.mkv"],
        "give the camera rate in Hz as fs (--fs on the command line)",
    ),
    "band too high": (
        ["in.mkv", "out.mkv", "--band", "2", "20"],
        "must be an increasing pair within (0, fs/2) = (0, 15) Hz",
    ),
    "band reversed": (["in.mkv", "out.mkv", "--band", "3", "2"], "must be an increasing pair"),
    "one frame": (["in.mkv", "out.mkv", "--end", "0.03"], "a clip of 1 frame has no motion"),
    "alpha": (["in.mkv", "out.mkv", "--alpha", "nan"], "must be finite"),
    "too small": (["in.mkv", "out.mkv", "--scale", "0.1"], "too small"),
    "scale": (["in.mkv", "out.mkv", "--scale", "-1"], "--scale -1 must be at least 0.001 and at most 4"),
    "tiny scale": (["in.mkv", "out.mkv", "--scale", "1e-320"], "must be at least 0.001 and at most 4"),
    "tiny scale of a preview": (
        ["in.mkv", "out.mkv", "--preview", "--scale", "1e-12"],
        "--scale 1e-12 must be at least 0.001",
    ),
    "tiny scale of a sheet": (
        ["in.mkv", "out.png", "--sweep", "alpha=1,2", "--scale", "1e-300"],
        "--scale 1e-300 must be at least 0.001",
    ),
    "format": (["in.mkv", "out.xyz"], "unknown format '.xyz'"),
    "exists": (["in.mkv", "text.mp4"], "text.mp4 exists; choose another name"),
    "no folder": (["in.mkv", "none/out.mkv"], "no such folder to write out.mkv to"),
    "itself": (["in.mkv", "in.mkv", "--overwrite"], "is the input itself"),
    "box": (["in.mkv", "out.mkv", "--roi", "0", "0", "99", "9"], "must be inside the frame"),
    "mask": (["in.mkv", "out.mkv", "--mask", "none.png"], "--mask none.png: no image that can be read"),
    "mask that is text": (["in.mkv", "out.mkv", "--mask", "text.mp4"], "--mask text.mp4: no image"),
    "start": (["in.mkv", "out.mkv", "--start", "inf"], "start=inf must be finite"),
    "rate": (["in.mkv", "out.mkv", "--playback-rate", "0"], "must be a positive number of frames"),
    "folder": (["in.mkv", ".", "--overwrite"], "holds more than numbered images"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input(case, video, tmp_path, monkeypatch, capsys):
    arguments, message = BAD[case]
    monkeypatch.chdir(tmp_path)
    (tmp_path / "text.mp4").write_text("plain text")
    vmm.io.write(tmp_path / "stack.tif", np.zeros((3, 16, 16), np.uint8), 30)
    before = sorted(path.name for path in tmp_path.iterdir())
    band = [] if "--band" in arguments else ["--band", "2", "3"]
    assert run("phase", *arguments, *band, "--quiet") == 2
    printed = capsys.readouterr().err.strip()
    assert message in printed
    assert printed.startswith("vmm: error: ") and "\n" not in printed
    assert sorted(path.name for path in tmp_path.iterdir()) == before


def test_a_truncated_video(tmp_path, capsys, rng):
    path = tmp_path / "in.mp4"
    vmm.io.write(path, rng.integers(0, 255, (60, 64, 64, 3), dtype=np.uint8), 30)
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 3 // 4])
    assert run("linear", path, tmp_path / "out.mp4", "--band", 2, 3, "--quiet") == 2
    assert "truncated or damaged" in capsys.readouterr().err
    assert [p.name for p in tmp_path.iterdir()] == ["in.mp4"]


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
@pytest.mark.slow
@pytest.mark.parametrize(("sent", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interrupted_run_removes_its_partial_file(sent, status, tmp_path):
    """The exit status names the signal, and no traceback is printed."""
    video = tmp_path / "in.mkv"
    scene = synthetic.texture((256, 256))
    loop = synthetic.render(scene, synthetic.sway(15, 30, 2, 0.1))
    vmm.io.write(video, (loop for _ in range(60)), 30)
    command = [sys.executable, "-m", "vmm", "riesz", video, tmp_path / "out.mp4", "--band", "2", "3"]
    with subprocess.Popen([str(c) for c in command], stderr=subprocess.PIPE, text=True) as process:
        for _ in range(600):
            if any(path.name.startswith(PREFIX) for path in tmp_path.iterdir()):
                break
            time.sleep(0.05)
        process.send_signal(sent)
        assert process.wait(30) == status
        assert process.stderr is not None
        assert "Traceback" not in process.stderr.read()
    assert [path.name for path in tmp_path.iterdir()] == ["in.mkv"]


@pytest.mark.parametrize("name", ["phase", "linear"])
def test_profile_reports_the_time_of_each_stage(name, video, tmp_path, capsys):
    assert run(name, video, tmp_path / "out.mp4", "--band", 2, 3, "--quiet", "--profile") == 0
    printed = capsys.readouterr().out
    for part in ("in all", "waiting for the decoder", "magnifying", "waiting for the encoder"):
        assert part in printed
    seconds = [float(line.split()[0]) for line in printed.splitlines()]
    assert seconds[0] == pytest.approx(sum(seconds[1:]), abs=0.05)


def test_mean_colors_are_preserved(tmp_path):
    moving = synthetic.render(synthetic.texture((32, 48)), synthetic.sway(40, 30, 2.5, 0.2))
    vmm.io.write(tmp_path / "in.mp4", np.stack([moving, moving // 2, 255 - moving], axis=-1), 30)
    assert run("phase", tmp_path / "in.mp4", tmp_path / "out.mp4", "--band", 2, 3, "--quiet") == 0
    before, after = (vmm.io.read(tmp_path / name)[0].astype(float) for name in ("in.mp4", "out.mp4"))
    assert np.abs(after - before).mean() > 1
    assert np.abs((after - before).mean(axis=(0, 1, 2))).max() < 1.5


@pytest.mark.slow
def test_warmup(capsys):
    assert run("warmup") == 0
    assert "Compiled in" in capsys.readouterr().out


def test_what_the_library_logs_is_one_line_above_the_progress_bar(capsys):
    from tqdm import tqdm

    with messages.one_line_messages(), tqdm(total=3, desc="bar", file=sys.stderr):
        logging.getLogger("vmm").warning("vmm: compiled %s functions", "\x1b[31m7")
    lines = re.split(r"[\r\n]+", capsys.readouterr().err)
    assert "vmm: compiled \\x1b[31m7 functions" in lines


def test_what_other_packages_log_is_not_printed(capsys):
    """The error that follows from it is printed, in one line."""
    with messages.one_line_messages():
        logging.getLogger("some.package").error("more samples than can be decoded")
    assert capsys.readouterr() == ("", "")
