"""Limits by key on how much and how often, and queues in which clients take turns."""
