"""The components run in Rasa's own environment (Python 3.10); test_components.py starts their tests there."""

collect_ignore = ["components", "project"]
