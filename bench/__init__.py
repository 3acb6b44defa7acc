"""Measurements of the server, alone and in comparison with other servers.

Not for correctness, which `tests` checks.
"""
