"""Limits on amounts and rates by key, and queues in which clients take turns."""
