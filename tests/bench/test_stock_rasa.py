from __future__ import annotations

import yaml

from tests.bench.stock_rasa import EPOCHS, configuration


def test_both_networks_learn_for_as_many_epochs_as_are_asked_for() -> None:
    for epochs in (EPOCHS, 100):
        read = yaml.safe_load(configuration(epochs))
        parts = [*read["pipeline"], *read["policies"]]
        assert {one["name"]: one["epochs"] for one in parts if "epochs" in one} == {
            "DIETClassifier": epochs,
            "TEDPolicy": epochs,
        }
