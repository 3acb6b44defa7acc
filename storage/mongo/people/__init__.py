"""Accounts in MongoDB, continued from `storage.mongo.accounts`: logins, removal, lost passwords."""
