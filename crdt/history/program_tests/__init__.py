"""Tests of a session's programs: who may know of which, how large they are, and redaction."""
