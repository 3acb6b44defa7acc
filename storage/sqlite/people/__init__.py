"""Accounts in SQLite, continued from `storage.sqlite.accounts`: logins, removal, lost passwords."""
