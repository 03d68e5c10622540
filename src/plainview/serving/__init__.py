"""How a connection becomes a request: time limits, bodies, turns, threads; starting, supervising and ending processes.

Owns everything between the network and Django. It must never hold a thread for somebody who is slow, store a byte of a
body in the clear, or let one caller's requests delay another's more than one of them does.
"""
