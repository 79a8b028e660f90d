from pathlib import Path

import pytest
from hypothesis import settings
from support.command import Csc

# How long an example takes is the machine's affair.
settings.register_profile("csc", deadline=None)
settings.load_profile("csc")


@pytest.fixture
def csc(tmp_path: Path) -> Csc:
    return Csc(tmp_path)
