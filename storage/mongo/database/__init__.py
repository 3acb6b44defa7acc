"""The MongoDB database: how it is reached, its indexes,
and the lease of the server that writes to it.
"""
