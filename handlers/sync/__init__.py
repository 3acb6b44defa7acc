"""The Yjs endpoint: handshake, WebSocket, admission, and the connection of one editor."""
