"""Help texts in groups with examples, and completion in a shell."""

import argparse
import re
import shlex
import shutil
import subprocess

import pytest

import vmm
from vmm.app import command as app
from vmm.cli import _parser, main
from vmm.cli.usage import EXAMPLES

HELPLESS = {"convert", "doctor", "flowmag", "presets", "warmup"}
"""Commands whose help text says how they are called."""


def commands():
    (action,) = (a for a in _parser([app])._actions if isinstance(a, argparse._SubParsersAction))
    return action.choices


def test_every_command_has_an_example():
    assert {*EXAMPLES, *HELPLESS} == {*commands()}


@pytest.mark.parametrize("line", [line for lines in EXAMPLES.values() for line in lines if line.startswith("vmm ")])
def test_examples_are_valid(line):
    options = _parser([app]).parse_args(shlex.split(line)[1:])
    assert callable(options.run)


@pytest.mark.parametrize("name", ["gradient", "phase", "lightweight"])
def test_options_are_in_groups(name, capsys):
    with pytest.raises(SystemExit):
        main([name, "--help"])
    text = capsys.readouterr().out
    headings = ["what: magnification", "where: region", "time: camera rate", "output:", "examples:"]
    positions = [text.index(f"\n{heading}") for heading in headings]
    assert positions == sorted(positions)
    assert text.endswith(f"  {EXAMPLES[name][-1]}\n")


@pytest.mark.parametrize("shell", ["bash", "zsh"])
def test_completion(shell, capsys):
    assert main(["completion", shell]) == 0
    script = capsys.readouterr().out
    assert re.search(r"complete .* -F _vmm vmm\n$", script) and ("bashcompinit" in script) == (shell == "zsh")
    assert "--sweep" in script and all(name in script for name in vmm.METHODS)


@pytest.mark.skipif(shutil.which("bash") is None, reason="bash is not installed")
@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["vmm", "grad"], ["gradient"]),
        (["vmm", "gradient", "--swe"], ["--sweep"]),
        (["vmm", "gradient", "--temporal", "f"], ["fir"]),
        (["vmm", "spectrum", "clip"], []),
    ],
)
def test_completion_in_bash(words, expected, capsys):
    main(["completion", "bash"])
    script = capsys.readouterr().out
    script += f"COMP_WORDS=({' '.join(words)}); COMP_CWORD={len(words) - 1}; _vmm; echo ${{COMPREPLY[@]}}"
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.split() == expected
