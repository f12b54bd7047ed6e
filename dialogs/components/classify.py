"""What a trained model makes of texts, for measuring: python -m components.classify --model FILE < LINES

A line in is {"text": …, "entities": […]} as a turn carries them; a line out is {"intent": …, "confidence": …,
"entities": […]}, those that the lookup tables found among them.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from components.prepare import prepare


def main() -> None:
    parser = argparse.ArgumentParser(prog="components.classify")
    parser.add_argument("--model", type=Path, required=True)
    model = parser.parse_args().model
    prepare()

    from rasa.core.channels.channel import UserMessage
    from rasa.engine.constants import PLACEHOLDER_MESSAGE

    from components.engine import Engine

    _, metadata, runner = Engine._load_model(model)  # noqa: SLF001 - the one way a model is read here
    for line in sys.stdin:
        asked = json.loads(line)
        message = UserMessage(asked["text"], metadata={"entities": asked["entities"]})
        found = runner.run(inputs={PLACEHOLDER_MESSAGE: [message]}, targets=[metadata.nlu_target])
        read = found[metadata.nlu_target][0]
        intent, ranking = read.get("intent"), read.get("intent_ranking")
        answer = {
            "intent": intent["name"],
            "confidence": intent["confidence"],
            "ranking": [[rank["name"], rank["confidence"]] for rank in ranking],
            "entities": read.get("entities"),
        }
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
