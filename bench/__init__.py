"""Measures the speed of the server, alone and in comparison with other servers.

`tests` checks that it is correct.
"""
