"""The records of logins and tickets, and the order of a login's tokens."""
