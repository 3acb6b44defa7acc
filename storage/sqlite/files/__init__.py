"""The files of an open database: the lock that keeps other servers out,
and checks that no file was replaced.
"""
