"""The rows that the server stores. Knows nothing of Yjs, HTTP or Tornado."""
