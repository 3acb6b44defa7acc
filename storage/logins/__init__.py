"""Logins of users: their records."""
