"""Prescriptions: issued by a doctor, reviewed by a pharmacist, paid, handed over (docs/decisions/0029-medicine.md).

Locks are taken in one order: the prescription's row, its order's, the payment's, the delivery's, the medicines' by
their ids. What lets several bills go at once takes all their medicines right behind the prescriptions' rows.
"""
