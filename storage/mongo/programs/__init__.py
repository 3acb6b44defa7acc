"""Tests of programs in MongoDB; `storage.mongo.runs` has the runs."""
