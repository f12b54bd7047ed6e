"""The parts of ours that Rasa runs: channel, tracker store, understanding, engine. Python 3.10."""
