"""Tests of a session's programs: their records, and how a row holds what a test says."""
