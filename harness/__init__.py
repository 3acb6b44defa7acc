"""What tests and benchmarks share. It may import the server's packages,
never `tests` or `bench`.
"""
