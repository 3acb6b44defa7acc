"""Makes downloads of a session: a zip archive, a page that replays it, or a git bundle."""
