"""Passwords, tokens, devices and uploaded pictures."""
