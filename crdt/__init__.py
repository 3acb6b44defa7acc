"""Rooms: live Yjs documents, their clients, and the log of their updates.
Knows neither HTTP nor a database.
"""
