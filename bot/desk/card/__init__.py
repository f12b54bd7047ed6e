"""The patient card beside a talk."""
