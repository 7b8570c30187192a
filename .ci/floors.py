"""The contract of import-linter for the floors of the package."""

from typing import Any

from importlinter.contracts.layers import LayersContract

import vmm


class Floors(LayersContract):
    """A contract of layers in which the word METHODS denotes all methods, side by side."""

    def __init__(self, name: str, session_options: dict[str, Any], contract_options: dict[str, Any]) -> None:
        methods = " | ".join((*vmm.METHODS, *vmm.LEARNED))
        layers = [methods if layer == "METHODS" else layer for layer in contract_options["layers"]]
        super().__init__(name, session_options, {**contract_options, "layers": layers})
