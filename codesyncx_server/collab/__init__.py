"""Documents: rooms, updates, durability."""
