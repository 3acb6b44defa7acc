"""Texts compared and edited: lines, words, edits of bytes,
and where a text's bytes are after edits.
"""
