"""Measures what running programs cost the server, though they run in browsers."""
