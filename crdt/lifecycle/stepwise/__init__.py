"""Does long work on one room in steps, between which the event loop serves other clients."""
