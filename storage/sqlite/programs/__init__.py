"""Tests of programs in SQLite; `storage.sqlite.runs` has the runs."""
