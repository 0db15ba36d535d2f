import doctest
import importlib

import pytest


@pytest.mark.parametrize(
    "module",
    [
        "changes",
        "curves",
        "models",
        "numbers",
        "periods",
        "proration",
        "rating",
        "resolution",
        "rounding",
    ],
)
def test_examples_in_docstrings_hold(module):
    result = doctest.testmod(importlib.import_module(f"pricing.{module}"))
    assert result.failed == 0
