"""The MongoDB store: Atlas, a replica set, or a single node."""
