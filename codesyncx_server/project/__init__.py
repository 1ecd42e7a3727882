"""The project moves together: who did what to which file, told to everyone."""
