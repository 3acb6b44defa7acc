"""One worker process: its program, and the server's end of its pipes."""
