"""Conversations at the desk: the list, the talk, and what keeps both up to date."""
