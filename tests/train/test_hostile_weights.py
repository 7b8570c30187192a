"""Published weights from strangers: every damaged or foreign file ends with one sentence."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("onnx")

from fuzz._weights import ARCHIVES, STATES  # noqa: E402

from vmm.train.convert import FORMS, convert  # noqa: E402


@pytest.mark.parametrize("kind", FORMS)
def test_files_that_hold_no_weights_are_refused_in_one_sentence(kind, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for text, make in STATES.items():
        value = make(torch)
        if isinstance(value, bytes):
            (tmp_path / "a.pth").write_bytes(value)
        else:
            torch.save(value, tmp_path / "a.pth")
        check(tmp_path / "a.pth", kind, text)
    for text, make_archive in ARCHIVES.items():
        (tmp_path / "a.npz").write_bytes(make_archive())
        check(tmp_path / "a.npz", kind, text)
    assert {path.name for path in tmp_path.iterdir()} == {"a.pth", "a.npz"}


def check(path, kind, text):
    with pytest.raises(ValueError, match=path.name) as caught:
        convert(path, path.with_name("out.onnx"), kind)
    assert "\n" not in str(caught.value) and len(str(caught.value)) < 600, text


def test_weights_that_are_not_finite_are_refused(tmp_path):
    from vmm.train.networks import Lightweight

    state = Lightweight("light").state_dict()
    first = next(iter(state))
    state[first] = torch.full_like(state[first], np.nan)
    torch.save(state, tmp_path / "a.pth")
    with pytest.raises(ValueError, match="holds weights that are not finite"):
        convert(tmp_path / "a.pth", tmp_path / "out.onnx", "lightweight")
