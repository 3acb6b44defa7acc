"""Parts of a start: the sockets that listen, and the secret."""
