"""Online consultations (在线复诊): asked for, paid, accepted, talked, ended (docs/decisions/0037-consultations.md).

Locks are taken in one order: the consultation's row, its order's, the payment's.
"""
