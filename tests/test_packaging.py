"""The recipe of conda and the package state the same version and dependencies."""

import configparser
import re
from pathlib import Path

import vmm

ROOT = Path(__file__).parents[1]
RECIPE = (ROOT / "conda" / "meta.yaml").read_text(encoding="utf-8")


def requirements(lines):
    """Lowest version of each package."""
    pairs = re.findall(r"^[-\s]*([\w.-]+?)(?:-base)? *>= *([\w.]+)", "\n".join(lines), re.MULTILINE)
    return {name.replace("_", "-"): version for name, version in pairs}


def test_the_recipe_agrees_with_the_package():
    config = configparser.ConfigParser()
    config.read(ROOT / "setup.cfg", encoding="utf-8")
    needed = requirements(config["options"]["install_requires"].splitlines())
    section = RECIPE.split("  run:\n")[1].split("\ntest:")[0]
    assert requirements(section.splitlines()[1:]) == needed
    assert f'version = "{vmm.__version__}"' in RECIPE
    assert config["options.entry_points"]["console_scripts"].strip() in RECIPE
