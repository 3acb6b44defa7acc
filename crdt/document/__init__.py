"""One Yjs document in memory: which updates it admits, what it knows, and edits that the server makes."""
