"""Rows: what is remembered. Knows nothing of Yjs, HTTP or Tornado."""
