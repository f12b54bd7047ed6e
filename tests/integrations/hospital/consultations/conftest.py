from __future__ import annotations

import pytest

from integrations.crypto import Crypto
from integrations.database import Database
from tests.consultation_rows import Online


@pytest.fixture
async def online(database: Database, crypto: Crypto) -> Online:
    return await Online(database, crypto).open()
