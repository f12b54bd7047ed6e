"""Keeps packages that a sealed Rasa never uses out of the process.

Rasa imports TensorFlow, the drivers of every tracker store and every chat platform it knows before it looks
at the model. Measured on a process with rasa.core.processor loaded: 547 MB and 14 s with them, 110 MB and
1.4 s without. What our pipeline needs (rules, and one NLU component over numpy) touches none of them.
"""

from __future__ import annotations

import importlib
import importlib.abc
import importlib.machinery
import importlib.util
import sys
from types import FunctionType, ModuleType
from typing import Any

TENSORFLOW = frozenset({"keras", "tensorflow", "tensorflow_addons", "tensorflow_hub", "tensorflow_text"})
# Training keeps its cache in one of them.
STORES = frozenset({"boto3", "botocore", "bson", "pymongo", "redis", "sqlalchemy"})
PLOTS = frozenset({"PIL", "matplotlib"})
LEARNING = frozenset({"sklearn"})  # only training learns


class _AnyClass(type):
    def __getattr__(cls, name: str) -> type:
        if name.startswith("__"):
            raise AttributeError(name)
        return Absent

    def __call__(cls, *args: Any, **kwargs: Any) -> Any:
        if cls is not Absent:
            return super().__call__(*args, **kwargs)
        # Modules call decorators while they are imported: @tf.function, @keras_export("…").
        return args[0] if len(args) == 1 and isinstance(args[0], (FunctionType, type)) else Absent


class Absent(metaclass=_AnyClass):
    """Stands where a class of an absent package would: it may be named and subclassed, never used."""


class _AbsentModule(ModuleType):
    def __getattr__(self, name: str) -> type:
        if name.startswith("__"):
            raise AttributeError(name)
        return Absent


class _Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    def __init__(self, packages: frozenset[str]) -> None:
        self.packages = packages

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> Any:
        if name.partition(".")[0] in self.packages:
            return importlib.machinery.ModuleSpec(name, self, is_package=True)
        return None

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType:
        return _AbsentModule(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        """Nothing to run."""


def leave_out(packages: frozenset[str]) -> None:
    """Call before the first import of rasa. Raises RuntimeError when that is too late."""
    if any(package in sys.modules for package in packages) or "rasa.core" in sys.modules:
        raise RuntimeError("absent.leave_out() must run before rasa is imported")
    sys.meta_path.insert(0, _Finder(packages))
    _leave_out_chat_platforms()


def _leave_out_chat_platforms() -> None:
    """rasa.core.channels imports Slack, Twilio, Telegram, … in its __init__: a bare package instead."""
    import rasa

    folder = f"{rasa.__path__[0]}/core/channels"
    spec = importlib.util.spec_from_file_location(
        "rasa.core.channels", f"{folder}/__init__.py", submodule_search_locations=[folder]
    )
    assert spec is not None
    package = importlib.util.module_from_spec(spec)
    sys.modules["rasa.core.channels"] = package
    channel = importlib.import_module("rasa.core.channels.channel")
    for name in ("CollectingOutputChannel", "InputChannel", "OutputChannel", "UserMessage"):
        setattr(package, name, getattr(channel, name))
