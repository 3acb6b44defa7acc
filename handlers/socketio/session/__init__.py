"""One session for its text clients: the text, their presence, and events about other users."""
