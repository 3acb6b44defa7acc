"""Drops deleted content of stored documents, keeps ids and lengths; counts bytes by author."""
