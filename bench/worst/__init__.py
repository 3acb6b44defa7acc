"""The most expensive requests of one account, or of nobody, and their effect on other people."""
