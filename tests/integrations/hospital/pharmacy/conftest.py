from __future__ import annotations

import pytest

from integrations.crypto import Crypto
from integrations.database import Database
from tests.pharmacy_rows import Pharmacy


@pytest.fixture
async def pharmacy(database: Database, crypto: Crypto) -> Pharmacy:
    return await Pharmacy(database, crypto).open()
