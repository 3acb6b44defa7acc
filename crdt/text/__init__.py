"""Compares and edits texts: lines, words, edits of bytes, and positions of bytes after edits."""
