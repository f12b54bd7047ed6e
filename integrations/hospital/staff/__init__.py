"""Accounts of staff: who may log in, who may do what, who is there."""
