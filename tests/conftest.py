from pathlib import Path

import pytest
from support.command import Csc


@pytest.fixture
def csc(tmp_path: Path) -> Csc:
    return Csc(tmp_path)
