import numpy as np
import pytest


@pytest.fixture
def frames(rng):
    return rng.integers(0, 255, (9, 34, 48, 3), dtype=np.uint8)
