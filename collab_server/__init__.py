"""The collaborative code editor server: combines configuration, store, rooms and handlers."""

__version__ = "0.2.0"
