"""Money: orders are opened, paid by payments, and paid back by refunds (docs/decisions/0022-money.md).

Locks are taken in one order: the appointment's row, the order's, the payment's.
"""
