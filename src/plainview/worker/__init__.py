"""Background work: jobs by their leases, and steps by the clock.

Owns when work runs; what it does is an act of casework. It must never rely on running once: a job and a step may run
twice, and whatever has begun may be cut off at any moment.
"""
