"""What a stored document keeps of content that was deleted: its ids and lengths, and how much each author has."""
