"""The MongoDB database: its connection, its indexes, and the lease of the server that writes."""
