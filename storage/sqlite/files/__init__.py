"""The files of an open database: a lock against other servers, and checks for replaced files."""
