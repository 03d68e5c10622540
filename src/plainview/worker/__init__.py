"""Background work: the queue and its worker, the tasks, and what runs by the clock.

Owns when something runs. What it does is an act of casework; a task takes one number and may run twice.
"""
