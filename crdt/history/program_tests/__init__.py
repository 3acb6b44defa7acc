"""Tests of a session's programs: which members may know of them, their limits, and redaction."""
