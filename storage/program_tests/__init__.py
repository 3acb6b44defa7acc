"""Tests of a session's programs: their records, and how a row holds a test's content."""
