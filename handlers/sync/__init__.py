"""The Yjs endpoint: handshake, WebSocket, joining, and the connection of one editor."""
