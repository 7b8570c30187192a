"""Networks from strangers: damaged files, and graphs that would take any time, memory or file."""

import numpy as np
import pytest

pytest.importorskip("onnx")

from fuzz._graphs import CRAFTED, METADATA, crafted

import vmm
from vmm.learned import load
from vmm.learned.graph_file import MAX_SIDE, read_graph
from vmm.learned.network import PARTS, files
from vmm.learned.weights import FOLDER


@pytest.fixture
def network(tmp_path):
    """A function that writes a network, with a change of the encoder, and returns its path."""

    def write(change, part="encoder"):
        for file in files(FOLDER / "realtime.onnx").values():
            (tmp_path / file.name.replace("realtime", "net")).write_bytes(file.read_bytes())
        file = tmp_path / f"net.{part}.onnx"
        file.write_bytes(change(file.read_bytes()))
        return tmp_path / "net.onnx"

    return write


def test_an_intact_network_is_loaded_from_a_path(network):
    frames = np.random.default_rng(0).integers(0, 255, (2, 40, 48, 3), np.uint8)
    out = vmm.realtime.magnify(frames, weights=network(lambda data: data))
    assert np.array_equal(out, vmm.realtime.magnify(frames))


@pytest.mark.slow
@pytest.mark.parametrize("name", CRAFTED)
def test_hostile_graphs_are_refused_in_one_sentence_that_names_the_file(network, name):
    path = network(lambda data: crafted(name, data))
    with pytest.raises(ValueError, match=r"net\.(encoder|onnx|manipulator|decoder)") as caught:
        load(path, "realtime")
    assert "\n" not in str(caught.value) and len(str(caught.value)) < 600


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("step 0", "states step=0, which must be a whole number"),
        ("multiple 0", "states multiple=0, which must be a power of 2"),
        ("calibration NaN", "which must be pairs of factors"),
        ("deep JSON", "its metadata is damaged"),
        ("NaN weights", "values that are not finite"),
        ("a path of weights", "its weights are stored in another file"),
        ("an endless loop", "the operator 'Loop', which no network"),
        ("a huge expansion", "needs more than 512 MB or 60 s for a frame of 64 x 128 pixels"),
        ("a huge kernel", f"has more than {MAX_SIDE} samples on a side"),
        ("too many nodes", "nodes, and not 1 to"),
    ],
)
def test_the_sentence_states_the_reason(network, name, message):
    with pytest.raises(ValueError, match=message):
        load(network(lambda data: crafted(name, data)))


def test_files_of_other_formats_are_refused(network):
    """A file may be ONNX for the checks and another format for ONNX Runtime, so the latter must not guess."""
    data = (FOLDER / "realtime.encoder.onnx").read_bytes()
    both = b"\x12\x08\x00\x00ORTM\x00\x00" + data  # The name of a producer, which comes first.
    assert both[4:8] == b"ORTM"
    assert load(network(lambda _: both)).kind == "realtime"
    with pytest.raises(ValueError, match="the file is damaged, or not ONNX"):
        load(network(lambda _: b"\x0b" + data))


def test_names_that_are_not_paths():
    for weights in ("", ".", "a\0b"):
        with pytest.raises(ValueError, match=r"must be (the name of an installed network|one of)"):
            load(weights)
    with pytest.raises(TypeError, match="weights=3 must be"):
        load(3)  # type: ignore[arg-type]


def test_a_network_that_gives_no_numbers_ends_with_a_sentence():
    net = load("realtime")
    texture, shape = net.encode(np.zeros((1, 3, 32, 32), np.float32))
    with pytest.raises(ValueError, match="'realtime' gives values that are not finite"):
        net.decode(texture * np.nan, shape)


def test_installed_files_pass_the_checks():
    for file in FOLDER.glob("*.onnx"):
        assert read_graph(file).facts["kind"]
    assert not METADATA.keys() - CRAFTED.keys() and len(PARTS) == 3
