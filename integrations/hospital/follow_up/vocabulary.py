"""The words of words.yml, by which answers of patients are read whatever the question is."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import yaml

from integrations.hospital.follow_up.plans import Words
from integrations.hospital.follow_up.ranges import Strict

_FILE = Path(__file__).with_name("words.yml")


class Vocabulary(Strict):
    worse: Words
    complaints: Words
    hopes: Words
    unbearable: Words


@cache
def vocabulary() -> Vocabulary:
    """Read once. Raises pydantic.ValidationError."""
    return Vocabulary.model_validate(yaml.load(_FILE.read_bytes(), Loader=yaml.CSafeLoader))
