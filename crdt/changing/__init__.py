"""Whole texts that become edits; large ones are compared in a worker, so nobody else waits."""
