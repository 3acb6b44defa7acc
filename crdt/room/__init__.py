"""One room: a document, its connections, their presence, and what is broadcast to them."""
