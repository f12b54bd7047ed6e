"""The doctor's online consultations at the desk."""
