"""Turns whole texts into edits. A worker compares large texts, so no other client waits."""
