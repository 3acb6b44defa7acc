"""How much, how often and in which order: rates and budgets by key, and queues in which clients take turns."""
