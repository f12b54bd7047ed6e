"""Where a process finds its key rings, and how it notices that they changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from dotenv import dotenv_values

from integrations.crypto import BadKeys, KeyRing
from integrations.settings import Settings


@dataclass(frozen=True, slots=True)
class Rings:
    data: KeyRing
    index: KeyRing

    def fingerprints(self) -> list[str]:
        """Every key known: "data:k2/9f3a01bc"."""
        return [f"{purpose}:{ring.fingerprint(key)}" for purpose, ring in self.named() for key in ring.keys]

    def writing(self) -> list[str]:
        """The keys that write."""
        return [f"{purpose}:{ring.fingerprint(ring.current)}" for purpose, ring in self.named()]

    def named(self) -> tuple[tuple[str, KeyRing], tuple[str, KeyRing]]:
        return ("data", self.data), ("index", self.index)


@dataclass(slots=True)
class KeySource:
    """The rings of one process: from its settings, or from the file they name."""

    settings: Settings
    _seen: tuple[int, int, int] | None = field(default=None, init=False)

    def read(self) -> Rings:
        """Raises BadKeys, which says what to mend and shows no key."""
        self._seen = self._state()
        values: Mapping[str, str | None] = self._file_values()
        return Rings(
            self._ring("DATA_KEYS", self.settings.data_keys.get_secret_value(), values),
            self._ring("INDEX_KEYS", self.settings.index_keys.get_secret_value(), values),
        )

    def changed(self) -> bool:
        """Whether the file is another one than at the last `read`."""
        return self._state() != self._seen

    def _file_values(self) -> Mapping[str, str | None]:
        file = self.settings.keys_file
        if file is None:
            return {}
        if not file.is_file():
            raise BadKeys(f"the file of the keys, {file}, is not there")
        return dotenv_values(file, interpolate=False)

    def _ring(self, name: str, value: str, values: Mapping[str, str | None]) -> KeyRing:
        try:
            return KeyRing.parse(value or values.get(name) or "")
        except BadKeys as error:
            where = f" in {self.settings.keys_file}" if self.settings.keys_file and not value else ""
            raise BadKeys(f"{name}{where}: {error}") from None

    def _state(self) -> tuple[int, int, int] | None:
        file: Path | None = self.settings.keys_file
        try:
            found = file.stat() if file else None
        except OSError:
            return None
        return (found.st_ino, found.st_mtime_ns, found.st_size) if found else None
