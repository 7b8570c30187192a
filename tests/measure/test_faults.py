"""Faults of clips."""

import warnings

import numpy as np
import pytest
from cases import VIDEOS

import vmm
from vmm.data import synthetic
from vmm.io.codecs import codec_warning
from vmm.measure import check_codec, faults, min_frames


def swaying(frequency=7.3, amplitude=0.1, count=200, shape=(48, 64)):
    return synthetic.render(synthetic.texture(shape), synthetic.sway(count, 30, frequency, amplitude), noise=1.0)


@pytest.fixture(scope="module")
def whole():
    return swaying()


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_a_whole_clip_has_none(whole, dtype):
    clip = whole.astype(dtype) * (257 if dtype == np.uint16 else 1)
    found = faults(np.clip(clip, 0, clip.max() * 0 + clip.max()), fs=30, band=(1, 10))
    assert found.messages == () and found.duplicates == () and found.dropped == ()
    assert faults(iter(np.split(whole, [1, 50, 51])), fs=30).messages == ()


def test_no_faults_of_noise_or_stillness(rng):
    assert faults(rng.integers(100, 150, (100, 32, 32), np.uint8), fs=30).messages == ()
    assert faults(np.full((100, 32, 32), 90, np.uint8), fs=30).messages == ()


@pytest.mark.parametrize("moving", [True, False])
def test_repeated_frames_are_named(whole, moving):
    clip = whole.copy() if moving else swaying(amplitude=0.0)
    clip[40], clip[121], clip[122] = clip[39], clip[120], clip[120]
    found = faults(clip, fs=30)
    assert found.duplicates == (40, 121, 122) and found.dropped == ()
    assert "3 frames repeat the frame before them, 40, 121, 122" in found.messages[0]


@pytest.mark.parametrize(("frequency", "amplitude"), [(3.1, 0.3), (7.3, 0.05), (11.1, 0.05)])
@pytest.mark.parametrize("lost", [[61], [100, 101], [60, 140]])
def test_missing_frames_are_named(frequency, amplitude, lost):
    clip = np.delete(swaying(frequency, amplitude), lost, axis=0)
    found = faults(clip, fs=30)
    expected = {(61,): [(61, 1)], (100, 101): [(100, 2)], (60, 140): [(60, 1), (139, 1)]}[tuple(lost)]
    assert [number for _, number in found.dropped] == [number for _, number in expected]
    for (seen, _), (true, _) in zip(found.dropped, expected, strict=True):
        assert abs(seen - true) <= 4
    assert found.duplicates == () and "missing near frame" in found.messages[0]


def test_a_motion_that_turns_is_no_repeated_frame():
    """With a codec that leaves nothing of noise: the frames to both sides of a turning point are alike."""
    wave = 0.5 * np.sin(2 * np.pi * 64 * (np.arange(300) + 0.25) / 500)
    clip = synthetic.render(synthetic.texture((48, 64)), np.outer(wave, [0, 1]))
    assert faults(clip, fs=500).duplicates == ()


def test_saturated_pixels_are_placed(whole):
    burnt = np.minimum(whole, 240)
    burnt[:, 10:20, 30:50] = 255
    found = faults(burnt, fs=30)
    assert (found.saturated[10:20, 30:50] == 1).all() and found.saturated[:8].max() < 0.05
    assert "200 pixels (6.5 %) are saturated, in rows 10 to 19 and columns 30 to 49" in found.messages[0]
    wide = np.minimum(whole.astype(np.uint16) * 32, 4095)  # a camera of 12 bits
    assert any("saturated" in said for said in faults(wide, fs=30).messages)


def test_a_clip_too_short_for_its_band(whole):
    (said,) = faults(whole, fs=30, band=(0.4, 3)).messages
    assert said.startswith("the clip is too short: 200 frames at 30 Hz hold 2.7 periods of 0.4 Hz and 3 are needed")
    assert min_frames((0.4, 3), 30) == 225
    assert "too short" in faults(whole[:5], fs=30, band=(0.4, 3)).messages[0]


def test_what_cannot_be_searched():
    with pytest.raises(TypeError, match="frames must be"):
        faults(3)
    with pytest.raises(ValueError, match=r"must be \(T, H, W\)"):
        faults(np.zeros((40, 32), np.uint8))
    with pytest.raises(ValueError, match="fs=-1"):
        faults(np.zeros((40, 32, 32), np.uint8), fs=-1)


# Codecs.


def test_a_codec_that_predicts_is_warned_of(tmp_path, whole):
    path = tmp_path / "clip.mp4"
    vmm.io.write(path, whole[:30], 30)
    with pytest.warns(UserWarning, match=r"clip.mp4: h264 predicts frames.*about \d+ % of a vibration of 0.02 px"):
        check_codec(path)


def test_one_that_does_not_is_not(tmp_path, whole):
    vmm.io.write(tmp_path / "clip.mkv", whole[:30], 30)
    vmm.io.write(tmp_path / "images", whole[:3], 30)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        check_codec(tmp_path / "clip.mkv")
        check_codec(tmp_path / "images")


def test_more_bits_keep_more():
    from vmm.io.codecs import _remaining_shares

    kept = np.array([_remaining_shares(bits) for bits in (1e-4, 0.011, 0.035, 0.41, 2, 50)])
    assert (np.diff(kept, axis=0) >= 0).all()
    np.testing.assert_allclose(kept[[2, 3, 5]], [[0.27, 0.08], [0.42, 0.25], [1, 1]])


@pytest.mark.skipif(not VIDEOS.exists(), reason="the real clips are not at hand")
class TestRealClips:
    def test_frames_of_a_string_are_whole(self):
        found = faults(vmm.io.stream(VIDEOS / "guitar.mp4", fs=600))
        assert found.duplicates == () and found.dropped == ()

    def test_codecs(self):
        assert "h264 predicts" in codec_warning(VIDEOS / "baby.mp4")
        assert codec_warning(VIDEOS / "rod_displacement.avi") == codec_warning(VIDEOS / "beam.cih") == ""
