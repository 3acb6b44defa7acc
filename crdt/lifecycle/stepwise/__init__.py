"""Long work on one room in steps, between which the event loop serves others."""
