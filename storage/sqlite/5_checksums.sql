-- Checksums of versions and messages, and the texts of a version as one compressed value (`storage.checksums`).
-- Older rows have no checksum until housekeeping adds it.
ALTER TABLE versions ADD COLUMN checksum INTEGER;

ALTER TABLE versions ADD COLUMN content BLOB;

ALTER TABLE messages ADD COLUMN checksum INTEGER;

CREATE INDEX versions_without_checksum ON versions (session_id, number) WHERE checksum IS NULL;

CREATE INDEX messages_without_checksum ON messages (session_id, sequence) WHERE checksum IS NULL
