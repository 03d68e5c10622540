"""The HTTP API: the acts of casework for programs, with the same permissions, rules, refusals and log.

Owns how an act is asked for and answered over HTTP. No rule is here: an operation calls the act that its page and its
command call.
"""
