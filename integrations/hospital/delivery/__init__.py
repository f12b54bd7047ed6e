"""Addresses, and parcels on their way (docs/decisions/0030-medicine.md)."""
