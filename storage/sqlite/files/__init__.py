"""The files of an open database: the lock that keeps other servers out, and what happens to the files meanwhile."""
