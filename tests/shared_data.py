"""Where the public data sets are: beside the repository, or under the folder that SALESOPS_SHARED names."""

import os
from pathlib import Path

import pytest

SHARED = Path(os.environ.get("SALESOPS_SHARED") or Path(__file__).parents[2] / "shared") / "data"


def data_set(name: str) -> Path:
    """The folder of a data set; the test is skipped where it is absent."""
    if not (SHARED / name).is_dir():
        pytest.skip(f"The data set {name} is not at {SHARED}; name the folder above by SALESOPS_SHARED.")
    return SHARED / name
