-- Refresh tokens that are older than the previous token and were used a moment ago, newest first: `hash:ms hash:ms`.
ALTER TABLE refresh_tokens ADD COLUMN earlier_hashes TEXT NOT NULL DEFAULT ''
