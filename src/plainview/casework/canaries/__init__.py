"""Canaries: hidden known pairs that prove a gallery's index and model every day.

Owns the pairs, their checks and their alarms. It must never let a canary appear on a candidate list.
"""
