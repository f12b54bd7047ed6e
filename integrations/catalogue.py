"""What patients read: the responses of domain.yml, the one text catalogue, in Chinese and in English."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import yaml

from integrations.settings import ROOT

CATALOGUE = ROOT / "domain.yml"
CHINESE = "zh-Hans"  # also for zh-Hant, whose characters are put in place where messages leave
ENGLISH = "en"


@dataclass(frozen=True, slots=True)
class Variation:
    """One wording of a text. `language` is "" for the first one, which is Chinese and speaks for every language
    that has none of its own; `expects` names the kind of answer that the question wants (person_name, …)."""

    text: str
    buttons: tuple[tuple[str, str], ...] = ()  # (title, payload)
    expects: str = ""
    language: str = ""


@dataclass(frozen=True, slots=True)
class Said:
    """A text with its blanks filled, ready to send."""

    text: str
    buttons: tuple[tuple[str, str], ...] = ()
    expects: str = ""


class Texts:
    """The catalogue, read once, speaking one language."""

    def __init__(
        self,
        responses: Mapping[str, tuple[Variation, ...]],
        language: str = CHINESE,
        *,
        elder: bool = False,
    ) -> None:
        """With `elder`, a text that is also written for elder mode (its key ends in _elder) is said so."""
        self._responses = responses
        self.language = language
        self.elder = elder

    def speaking(self, language: str, *, elder: bool = False) -> Texts:
        """The same texts in another language; Chinese where one is not written in it."""
        same = language == self.language and elder == self.elder
        return self if same else Texts(self._responses, language, elder=elder)

    @classmethod
    def load(cls, path: Path = CATALOGUE) -> Texts:
        """Reads a Rasa domain file. Raises OSError, yaml.YAMLError, or KeyError for a broken one."""
        domain = yaml.load(path.read_text("utf-8"), Loader=yaml.CSafeLoader)
        return cls({key: _variations(found) for key, found in domain["responses"].items()})

    def __contains__(self, key: str) -> bool:
        return key in self._responses

    def __iter__(self) -> Iterator[str]:
        return iter(self._responses)

    def variations(self, key: str) -> tuple[Variation, ...]:
        return self._responses[key]

    def say(self, key: str, /, **values: object) -> Said:
        """The wording in our language, its blanks filled. Raises KeyError for an unknown text or an empty blank."""
        chosen = self._choose(key)
        buttons = tuple((title.format_map(values), payload) for title, payload in chosen.buttons)
        return Said(chosen.text.format_map(values), buttons, chosen.expects)

    def text(self, key: str, **values: object) -> str:
        """Only the words."""
        return self._choose(key).text.format_map(values)

    def _choose(self, key: str) -> Variation:
        shorter = self._responses.get(f"{key}_elder", ()) if self.elder else ()
        variations = shorter or self._responses[key]
        return next((one for one in variations if one.language == self.language), variations[0])


def _variations(found: Sequence[Mapping[str, Any]]) -> tuple[Variation, ...]:
    """What a question expects is written once, at its first variation."""
    first, *others = map(_variation, found)
    return (first, *(replace(one, expects=one.expects or first.expects) for one in others))


def _variation(found: Mapping[str, Any]) -> Variation:
    conditions = {str(one["name"]): str(one["value"]) for one in found.get("condition", ())}
    return Variation(
        text=str(found.get("text", "")).strip("\n"),
        buttons=tuple((str(button["title"]), str(button["payload"])) for button in found.get("buttons", ())),
        expects=str(found.get("metadata", {}).get("expects", "")),
        language=conditions.get("language", ""),
    )
