"""Whole texts that become edits: compared with the document where that stops nobody."""
