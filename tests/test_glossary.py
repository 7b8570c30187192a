"""The names of the API in the glossary exist, and its terms are in order."""

import re
from functools import reduce
from pathlib import Path

import pytest

import vmm

GLOSSARY = (Path(__file__).parents[1] / "docs" / "glossary.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", sorted(set(re.findall(r"`vmm\.([\w.]+)`", GLOSSARY)) - {"backend", "train"}))
def test_names_exist(name):
    assert reduce(getattr, name.split("."), vmm) is not None


def test_terms_are_in_alphabetical_order():
    terms = [re.sub("[^a-z]", "", term.lower().replace("é", "e")) for term in re.findall("^## (.*)$", GLOSSARY, re.M)]
    assert terms == sorted(terms) and len(set(terms)) == len(terms)
