"""Random sequences of all requests and events, with large and odd texts, by several people."""
