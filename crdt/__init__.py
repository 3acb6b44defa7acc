"""Rooms: live Yjs documents, who is in them, and the log they leave. Knows neither HTTP nor a database."""
