"""Accounts in SQLite, continued from `storage.sqlite.accounts`: removal, resets of passwords."""
