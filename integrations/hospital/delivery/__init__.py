"""Addresses, and parcels on their way (docs/decisions/0029-medicine.md)."""
