"""Looking back: versions, timeline, replay, blame and redaction."""
