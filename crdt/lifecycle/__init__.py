"""All rooms of the process: loading, committing, compacting, maintaining and closing them."""
