"""What the stored log of a session says of any moment."""
