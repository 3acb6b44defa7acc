"""Accounts in MongoDB, continued from `storage.mongo.accounts`: removal, resets of passwords."""
