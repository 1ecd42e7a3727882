"""The project as a whole: its files, who changed them, what happened."""
