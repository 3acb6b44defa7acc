"""Connects clients with rooms over HTTP and WebSockets. It holds no rules of the domain."""
