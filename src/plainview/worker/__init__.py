"""Background work: the queue and its worker, the tasks, and the schedule.

Owns when a task runs; what it does is an act of casework. It must never rely on running once: a task takes one number
and may run twice.
"""
