"""One room: a document, its connections, their presence, and the frames that it broadcasts."""
