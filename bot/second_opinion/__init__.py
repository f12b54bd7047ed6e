"""The second opinion beside the rules for red flags: a linear model over what patients write, trained on
bot/red_flags/examples.

It has no guidance to rest on, so it speaks only where the rules are silent or no more than mildly worried, and only
when it is sure. Light: whoever only looks whether its file is there loads nothing else.
"""
