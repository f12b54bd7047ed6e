"""From nothing to a running program: secrets, databases, the table of processes, and what keeps them running."""
