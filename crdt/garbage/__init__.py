"""What a stored document keeps of content that was deleted: its ids and lengths, and who takes how much of it."""
