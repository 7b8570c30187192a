"""Import of the package: its speed and its public names."""

import inspect
import subprocess
import sys

import pytest

import vmm

PUBLIC: list[str] = vars(vmm)["__all__"]


def test_import_loads_no_large_package():
    heavy = "numba, matplotlib, onnxruntime, cupy, torch, skimage, scipy.signal"
    code = f"import sys, vmm; print([m for m in '{heavy}'.split(', ') if m in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout.strip() == "[]"


@pytest.mark.parametrize("name", PUBLIC)
def test_every_public_name_exists(name):
    assert getattr(vmm, name) is not None
    assert name in dir(vmm)


def test_the_methods_are_those_of_the_stub():
    assert "phase" in vmm.METHODS and "magnet" in vmm.LEARNED
    for name in (*vmm.METHODS, *vmm.LEARNED):
        assert getattr(vmm, name).magnify.__name__ == "magnify"


def test_dir_shows_public_names_only():
    assert dir(vmm) == sorted(PUBLIC)


@pytest.mark.parametrize("name", [name for name in PUBLIC if inspect.ismodule(getattr(vmm, name))])
def test_dir_of_a_module_shows_public_names_only(name):
    module = getattr(vmm, name)
    assert dir(module) == sorted(module.__all__)


@pytest.mark.parametrize("part", ["data", "io", "measure", "motion", "parts", "plot", "spatial", "temporal"])
def test_every_name_of_a_part_stands_in_its_index(part):
    module = getattr(vmm, part)
    for name in module.__all__:
        assert hasattr(module, name)
        if part not in ("io", "data"):
            assert f"``{name}``" in module.__doc__ or f"``{name}(" in module.__doc__


def test_unknown_name():
    with pytest.raises(AttributeError, match="No vmm attribute nothing"):
        getattr(vmm, "nothing")  # noqa: B009
