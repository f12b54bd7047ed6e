"""A person helps: who speaks, who waits for whom, and what is said meanwhile."""
