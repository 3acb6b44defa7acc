"""Parts of a start: the sockets that listen, the secret, and the store."""
