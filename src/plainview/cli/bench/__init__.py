"""`plainview bench`: enrolment, search, video and server, measured as ratios.

Owns the measurements that a person runs. It must never assert a time.
"""
