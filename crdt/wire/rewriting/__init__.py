"""Writes updates in another form, as bytes: equal for Yjs, or fast and readable for pycrdt."""
