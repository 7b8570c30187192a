"""The training loop, its checkpoints, and the export of networks."""

import sys
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")
onnx = pytest.importorskip("onnx")
pytest.importorskip("onnxscript")

import vmm  # noqa: E402
from vmm.learned.network import files  # noqa: E402
from vmm.train import __main__ as command  # noqa: E402
from vmm.train import export as exports  # noqa: E402
from vmm.train import sources  # noqa: E402
from vmm.train.architectures import ARCHITECTURES, architecture, kind  # noqa: E402
from vmm.train.convert import convert  # noqa: E402
from vmm.train.export import export  # noqa: E402
from vmm.train.loop import Settings, Training, magnified, start  # noqa: E402
from vmm.train.losses import painted  # noqa: E402
from vmm.train.networks import Lightweight, MagNet, RealTime  # noqa: E402
from vmm.train.optimizer import Muon, orthogonal  # noqa: E402
from vmm.train.pairs import Scenes, pairs  # noqa: E402
from vmm.train.restore import weights  # noqa: E402
from vmm.train.textures import texture_bank  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore")  # the exporter of PyTorch warns


def loss(net, sample, progress):
    return painted(magnified(net, sample), sample, progress)


@pytest.fixture(scope="module")
def batches():
    made = pairs(texture_bank(6, 6, side=160), 4, Scenes(patch=32, max_output=2.0, max_factor=10.0))
    return [next(made) for _ in range(4)]


def training(**settings):
    torch.manual_seed(0)
    net = start(RealTime(8, 2, act="leaky", bias=False, padding="zeros", skip=True, shuffle=True))
    return Training(net, loss, Settings(**{"minutes": 1.0, "noise": 0.0, **settings}))


def test_a_network_learns(batches):
    """A hundred steps on four batches reduce the loss below that of returning frame b."""
    course = training(minutes=0.2, rate=3e-3)
    course.run(iter(batches * 25), 0.0)
    before = loss(course.net, course._sample(batches[0]), 0.0).item()
    for batch in batches * 25:
        course.minutes += 0.001
        course._step(course._sample(batch))
    assert loss(course.net, course._sample(batches[0]), 0.0).item() < 0.8 * before


def test_training_resumes_from_a_checkpoint(batches, tmp_path):
    whole, first = training(), training()
    for batch in batches:
        whole._step(whole._sample(batch))
    for batch in batches[:2]:
        first._step(first._sample(batch))
    first.save(tmp_path / "net.pt")
    second = training()
    second.load(tmp_path / "net.pt")
    assert second.step == 2 and [p.name for p in tmp_path.iterdir()] == ["net.pt"]
    for batch in batches[2:]:
        second._step(second._sample(batch))
    for one, other in zip(whole.net.parameters(), second.net.parameters(), strict=True):
        torch.testing.assert_close(one, other)


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_untrained_networks_return_frame_b(name):
    net, b = start(architecture(name)), torch.rand(1, 3, 32, 32) * 2 - 1
    with torch.no_grad():
        moves_untrained = getattr(net, "fine", False) or name == "flowmag"  # fine detail, and linear magnification
        a = b if moves_untrained else 0.9 * b
        out = net(a, b, torch.full((1, 1, 1, 1), 7.0))
    torch.testing.assert_close(out, b, atol=1e-5, rtol=0)


def test_the_difference_of_encodings_is_in_single_precision():
    """Half precision cannot represent a hundredth of a pixel, so that only the decoder computes in it."""
    seen: dict[str, Any] = {}
    net = start(RealTime(8, 1, act="leaky", skip=True, shuffle=True))
    net.g.register_forward_hook(lambda module, inputs, output: seen.update(g=output.dtype))
    net.res[0].c1.register_forward_hook(lambda module, inputs, output: seen.update(res=output.dtype))
    course = Training(net, loss, Settings(1.0))
    made = pairs(texture_bank(2, 2, side=160), 1, Scenes(patch=32, max_output=2.0))
    magnified(net, course._sample(next(made)))
    assert seen["g"] == torch.float32 and seen["res"] == torch.bfloat16


@pytest.mark.parametrize("make", [lambda: RealTime(4, 1, fine=True, shuffle=True), lambda: Lightweight(2), MagNet])
def test_the_memory_format_does_not_change_the_result(make, batches):
    """The weights and the state of the optimizer are the same objects in the format that is chosen."""
    torch.manual_seed(0)
    course = Training(start(make()), loss, Settings(1.0, noise=0.0, light=0.0))
    before = [parameter.clone() for parameter in course.net.parameters()]
    times = course.tune(batches[0])
    assert set(times) == {"channels_last", "contiguous_format"} and min(times.values()) > 0
    assert all(map(torch.equal, before, course.net.parameters())) and course.step == 0
    values = []
    for memory_format in (torch.channels_last, torch.contiguous_format):
        course._arrange(memory_format)
        sample = course._sample(batches[0])
        assert sample.a.is_contiguous(memory_format=memory_format)
        values.append(course.loss(course.net, sample, 0.0).item())
    assert values[0] == pytest.approx(values[1], rel=1e-3)
    course._step(course._sample(batches[0]))


def test_steps_of_muon_are_orthogonal():
    values = torch.linalg.svdvals(orthogonal(torch.randn(24, 60)))
    assert values.min() > 0.6 and values.max() < 1.3


def test_adam_equals_that_of_pytorch():
    one, other = (torch.nn.Parameter(torch.arange(4.0)) for _ in range(2))
    ours = Muon([{"params": [one], "lr": 0.1, "adam": True}])
    theirs = torch.optim.Adam([other], 0.1, betas=(0.9, 0.99))
    for _ in range(5):
        for parameter, step in ((one, ours), (other, theirs)):
            parameter.grad = parameter.detach().cos()
            step.step()
    torch.testing.assert_close(one, other)


@pytest.mark.parametrize(
    ("make", "what"),
    [
        (lambda: RealTime(8, 2, act="leaky", padding="zeros", skip=True, shuffle=True, fine=True), "realtime"),
        (lambda: Lightweight(4, act="leaky", skip=True, shared=True), "lightweight"),
        (lambda: MagNet(padding="zeros", skip=True), "magnet"),
    ],
)
def test_graphs_equal_the_network_in_pytorch(make, what, tmp_path):
    net = make().eval()
    export(net, tmp_path / "net.onnx", what, half=False)
    frames = np.random.default_rng(0).random((2, 40, 56, 3)).astype(np.float32) * 255
    out = getattr(vmm, what).magnify(frames, weights=tmp_path / "net.onnx", alpha=4)
    a, b = (torch.from_numpy(x / 127.5 - 1).permute(2, 0, 1)[None] for x in frames)
    with torch.no_grad():
        wanted = net(a, b, torch.full((1, 1, 1, 1), 5.0))[0].permute(1, 2, 0).numpy()
    np.testing.assert_allclose(out[1], (wanted + 1) * 127.5, atol=0.02)


def test_a_graph_that_differs_is_not_written(tmp_path, monkeypatch):
    monkeypatch.setattr(exports, "TOLERANCE", 0.0)
    with pytest.raises(ValueError, match="ONNX Runtime differs from PyTorch"):
        export(RealTime(8, 1), tmp_path / "net.onnx", "realtime")
    assert not list(tmp_path.iterdir())


def test_the_file_contains_the_calibration(tmp_path):
    export(RealTime(8, 1), tmp_path / "net.onnx", "realtime", calibration=[(0, 0), (1, 1), (10, 20)])
    net = vmm.learned.load(tmp_path / "net.onnx")
    assert net.factor(9) == pytest.approx(20) and net.factor(-1) == 0 and net.factor(0) == 1
    assert net.factor(19) == pytest.approx(40) and net.factor(-11) == pytest.approx(-20)


def test_a_decoder_in_8_bits_gives_nearly_the_same_frame(tmp_path):
    torch.manual_seed(0)
    export(RealTime(16, 8, act="leaky", padding="zeros", skip=True, shuffle=True), tmp_path / "net.onnx", "realtime")
    command.main(["int8", str(tmp_path / "net.onnx"), str(tmp_path / "small.onnx")])
    kinds = [node.op_type for node in onnx.load(tmp_path / "small.decoder.onnx").graph.node]
    assert kinds.count("Conv") == 18 and kinds.count("QuantizeLinear") == 2 * (18 - 4 - 6)
    for part in ("encoder", "manipulator"):
        assert (tmp_path / f"small.{part}.onnx").read_bytes() == (tmp_path / f"net.{part}.onnx").read_bytes()
    batch = next(pairs(texture_bank(6, 6, side=256), 12, Scenes(patch=64, max_output=4.0)))
    error = change = 0.0
    for a, b in zip(batch.a, batch.b, strict=True):
        clip = torch.stack([a, b]).permute(0, 2, 3, 1).numpy().astype(np.float32)
        paths = (tmp_path / f"{name}.onnx" for name in ("net", "small"))
        whole, eight = (vmm.realtime.magnify(clip, weights=path, alpha=4)[1] for path in paths)
        error, change = error + np.abs(whole - eight).mean(), change + np.abs(whole - clip[1]).mean()
    assert 0 < error < 0.06 * change  # the sum of eight roundings, over 12 pairs; single pairs differ by a factor of 2


def test_published_weights_run(tmp_path):
    torch.save({"state_dict": MagNet("zheng").state_dict()}, tmp_path / "net.pth")
    convert(tmp_path / "net.pth", tmp_path / "net.onnx", "magnet")
    out = vmm.magnet.magnify(np.zeros((2, 24, 32, 3), np.uint8), weights=tmp_path / "net.onnx")
    assert out.shape == (2, 24, 32, 3)


def test_code_in_a_file_of_weights_is_not_executed(tmp_path):
    class Bad:
        def __reduce__(self):
            return (exec, (f"open({str(tmp_path / 'ran')!r}, 'w')",))

    torch.save(Bad(), tmp_path / "bad.pth")
    with pytest.raises(ValueError, match="is not a file with a state dict"):
        convert(tmp_path / "bad.pth", tmp_path / "net.onnx", "magnet")
    assert not (tmp_path / "ran").exists() and not files(tmp_path / "net.onnx")["encoder"].exists()


def test_weights_of_an_unknown_network(tmp_path):
    np.savez(tmp_path / "net.npz", a=np.zeros(3))
    with pytest.raises(ValueError, match="does not hold published weights of magnet"):
        convert(tmp_path / "net.npz", tmp_path / "net.onnx", "magnet")


@pytest.mark.parametrize("half", [True, False])
def test_weights_from_graphs_can_be_trained_further(half, tmp_path):
    net = start(architecture("lightweight-light"))
    with torch.no_grad():
        net.decoder.out.weight.add_(0.1)
    export(net, tmp_path / "net.onnx", "lightweight", half=half)
    again = weights(architecture("lightweight-light"), tmp_path / "net.onnx")
    a, b = torch.rand(2, 1, 3, 32, 32) * 2 - 1
    with torch.no_grad():
        torch.testing.assert_close(*(n(a, b, torch.full((1, 1, 1, 1), 5.0)) for n in (net, again)), atol=5e-3, rtol=0)
    with pytest.raises(ValueError, match="is of another network"):
        weights(architecture("realtime"), tmp_path / "net.onnx")


def test_kinds_of_networks():
    assert {kind(name) for name in ARCHITECTURES} <= set(vmm.LEARNED)
    with pytest.raises(ValueError, match="network 'nothing' must be one of"):
        architecture("nothing")


def test_one_command_trains_and_exports(tmp_path, monkeypatch):
    """The command of the README runs at a small size."""
    monkeypatch.setitem(ARCHITECTURES, "realtime", lambda: RealTime(8, 1, act="leaky", skip=True, shuffle=True))
    monkeypatch.setattr(command, "EVALUATION_MINUTES", 0.02)
    monkeypatch.setattr(command, "held_out", lambda net, device: {"1>2": 0.5})
    fill = ["pairs", str(tmp_path / "pairs-32"), "--pairs", "8", "--patch", "32", "--max-output", "4"]
    monkeypatch.setattr(sources, "texture_bank", lambda *n, **options: texture_bank(4, 4, side=160))
    command.main(fill)
    command.main(["realtime", "--minutes", "0.04", "--patch", "32", "--out", str(tmp_path), "--batch", "2"])
    names = {path.name for path in tmp_path.iterdir()}
    assert {"realtime.pt", "realtime.csv", "realtime.png", "realtime.encoder.onnx"} <= names
    assert (tmp_path / "realtime.csv").read_text().startswith("minutes,step,loss,1>2")
    assert vmm.learned.load(tmp_path / "realtime.onnx").kind == "realtime"


def test_a_picture_of_a_batch(tmp_path):
    import imageio.v3 as iio

    command.main(["preview", str(tmp_path / "batch.png"), "--patch", "32"])
    assert iio.imread(tmp_path / "batch.png").shape == (8 * 32, 3 * 3 * 32, 3)


def test_the_command_without_pytorch(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    for name in [name for name in sys.modules if name.startswith("vmm.train.networks")]:
        monkeypatch.delitem(sys.modules, name)
    with pytest.raises(ImportError, match="pip install torch"):
        __import__("vmm.train.networks")
