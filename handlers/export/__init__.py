"""A session as a download: a zip archive, a page that replays it, a git bundle."""
