"""The rows that the server stores. This package knows nothing of Yjs, HTTP or Tornado."""
