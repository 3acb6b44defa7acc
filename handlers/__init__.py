"""HTTP and WebSockets: translate between clients and rooms. Holds no rules of the domain."""
