"""Translates between clients, over HTTP and WebSockets, and rooms. Holds no rules of the domain."""
