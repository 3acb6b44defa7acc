"""Code that tests and benchmarks share.

It may import the server's packages, but never `tests` or `bench`.
"""
