"""The audit trail: who did what to which object, from where.

Each act is recorded by `ops.audit.trail.record` within the transaction that does it, so that there
is no act without its entry and no entry without its act. The database refuses to change or delete
an entry; only what names a person can be emptied, once they are erased.
"""
