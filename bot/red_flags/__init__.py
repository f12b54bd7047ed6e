"""Words that cannot wait: a pure function over a new text and what the same patient wrote just before.

It runs when a message is accepted, before anything else may fail. What it looks for is data, to be read by a doctor:
data/*.yml hold the rules by topic, each with its source and examples; vocabulary.yml the words that the rules are made
of; scope.yml what takes a sign's weight away (denied, long over, asked about, a figure of speech); spelling.yml
dialect and slips of typing.
"""

from bot.red_flags.looking import WINDOW, look
from bot.red_flags.reading import Outcome, Rule, rule_named, rules
from bot.red_flags.ready import get_ready

__all__ = ["WINDOW", "Outcome", "Rule", "get_ready", "look", "rule_named", "rules"]
