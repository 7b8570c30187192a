"""Faults of clips: duplicate and dropped frames, saturated pixels, short clips and lossy codecs."""

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
def intact():
    return swaying()


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_an_intact_clip_has_no_faults(intact, dtype):
    clip = intact.astype(dtype) * (257 if dtype == np.uint16 else 1)
    result = faults(np.clip(clip, 0, clip.max() * 0 + clip.max()), fs=30, band=(1, 10))
    assert result.messages == () and result.duplicates == () and result.dropped == ()
    assert faults(iter(np.split(intact, [1, 50, 51])), fs=30).messages == ()


def test_noise_and_still_clips_have_no_faults(rng):
    assert faults(rng.integers(100, 150, (100, 32, 32), np.uint8), fs=30).messages == ()
    assert faults(np.full((100, 32, 32), 90, np.uint8), fs=30).messages == ()


@pytest.mark.parametrize("has_motion", [True, False])
def test_duplicate_frames_are_detected(intact, has_motion):
    clip = intact.copy() if has_motion else swaying(amplitude=0.0)
    clip[40], clip[121], clip[122] = clip[39], clip[120], clip[120]
    result = faults(clip, fs=30)
    assert result.duplicates == (40, 121, 122) and result.dropped == ()
    assert "3 frames repeat the frame before them, 40, 121, 122" in result.messages[0]


@pytest.mark.parametrize(("frequency", "amplitude"), [(3.1, 0.3), (7.3, 0.05), (11.1, 0.05)])
@pytest.mark.parametrize("dropped", [[61], [100, 101], [60, 140]])
def test_dropped_frames_are_detected(frequency, amplitude, dropped):
    clip = np.delete(swaying(frequency, amplitude), dropped, axis=0)
    result = faults(clip, fs=30)
    expected = {(61,): [(61, 1)], (100, 101): [(100, 2)], (60, 140): [(60, 1), (139, 1)]}[tuple(dropped)]
    assert [number for _, number in result.dropped] == [number for _, number in expected]
    for (frame, _), (true, _) in zip(result.dropped, expected, strict=True):
        assert abs(frame - true) <= 4
    assert result.duplicates == () and "missing near frame" in result.messages[0]


def test_a_reversal_of_motion_is_not_a_duplicate():
    """Without noise, the frames on both sides of a turning point are equal."""
    wave = 0.5 * np.sin(2 * np.pi * 64 * (np.arange(300) + 0.25) / 500)
    clip = synthetic.render(synthetic.texture((48, 64)), np.outer(wave, [0, 1]))
    assert faults(clip, fs=500).duplicates == ()


def test_saturated_pixels_are_located(intact):
    saturated = np.minimum(intact, 240)
    saturated[:, 10:20, 30:50] = 255
    result = faults(saturated, fs=30)
    assert (result.saturated[10:20, 30:50] == 1).all() and result.saturated[:8].max() < 0.05
    assert "200 pixels (6.5 %) are saturated, in rows 10 to 19 and columns 30 to 49" in result.messages[0]
    clip_12_bits = np.minimum(intact.astype(np.uint16) * 32, 4095)  # a camera of 12 bits
    assert any("saturated" in message for message in faults(clip_12_bits, fs=30).messages)


def test_a_clip_that_is_too_short_for_its_band(intact):
    (message,) = faults(intact, fs=30, band=(0.4, 3)).messages
    assert message.startswith("the clip is too short: 200 frames at 30 Hz hold 2.7 periods of 0.4 Hz and 3 are needed")
    assert min_frames((0.4, 3), 30) == 225
    assert "too short" in faults(intact[:5], fs=30, band=(0.4, 3)).messages[0]


def test_invalid_arguments():
    with pytest.raises(TypeError, match="frames must be"):
        faults(3)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"must be \(T, H, W\)"):
        faults(np.zeros((40, 32), np.uint8))
    with pytest.raises(ValueError, match="fs=-1"):
        faults(np.zeros((40, 32, 32), np.uint8), fs=-1)


# Codecs.


def test_a_predictive_codec_causes_a_warning(tmp_path, intact):
    path = tmp_path / "clip.mp4"
    vmm.io.write(path, intact[:30], 30)
    with pytest.warns(
        UserWarning, match=r"clip.mp4: h264 predicts frames.*about \d+ % of a vibration of 0.02 px remain"
    ):
        check_codec(path)


def test_other_codecs_cause_no_warning(tmp_path, intact):
    vmm.io.write(tmp_path / "clip.mkv", intact[:30], 30)
    vmm.io.write(tmp_path / "images", intact[:3], 30)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        check_codec(tmp_path / "clip.mkv")
        check_codec(tmp_path / "images")


def test_more_bits_preserve_more_motion():
    from vmm.io.codecs import _remaining_shares

    shares = np.array([_remaining_shares(bits) for bits in (1e-4, 0.011, 0.035, 0.41, 2, 50)])
    assert (np.diff(shares, axis=0) >= 0).all()
    np.testing.assert_allclose(shares[[2, 3, 5]], np.array([[0.27, 0.08], [0.42, 0.25], [1, 1]]))


@pytest.mark.skipif(not VIDEOS.exists(), reason="the real clips are not installed")
class TestRealClips:
    @pytest.mark.slow
    def test_a_recording_of_a_string_has_no_faults(self):
        result = faults(vmm.io.stream(VIDEOS / "guitar.mp4", fs=600))
        assert result.duplicates == () and result.dropped == ()

    def test_codecs(self):
        assert "h264 predicts" in codec_warning(VIDEOS / "baby.mp4")
        assert codec_warning(VIDEOS / "rod_displacement.avi") == codec_warning(VIDEOS / "beam.cih") == ""
