"""Collaborative code editor server: puts configuration, store, rooms and handlers together."""

__version__ = "0.2.0"
