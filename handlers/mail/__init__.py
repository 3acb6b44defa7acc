"""Mails to users: their texts, how one is sent over SMTP, and the queue in which they wait."""
