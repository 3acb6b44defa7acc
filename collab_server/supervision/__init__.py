"""Optional: a process that starts the server again, a watchdog, bounds on memory, notes on crashes."""
