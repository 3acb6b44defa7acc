"""The past of a session: versions, timeline, replay, blame and redaction."""
