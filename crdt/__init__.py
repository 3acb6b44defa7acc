"""Rooms: live Yjs documents, their clients, and the log of their updates.

This package knows neither HTTP nor a database.
"""
