"""What becomes of a slot that is let go: whoever waits for it is asked before anybody else can take it."""

from __future__ import annotations

# A waiting entry `w` and a half day `s` that suits it.
FITS = """
    w.status = 'waiting' AND w.department_id = s.department_id AND s.date = ANY(w.days)
    AND (w.practitioner_id IS NULL OR w.practitioner_id = s.practitioner_id)
    AND (w.period IS NULL OR w.period = s.period)
"""
# The new status of a row of `slots`.
LET_GO = f"""
    CASE WHEN EXISTS (
        SELECT FROM schedules s JOIN waitlist_entries w ON {FITS}
        WHERE s.id = slots.schedule_id AND s.status = 'open'
    ) THEN 'kept' ELSE 'free' END
"""
