"""Code that tests and benchmarks share.

It may import the server's packages, but not `tests` or `bench`.
"""
