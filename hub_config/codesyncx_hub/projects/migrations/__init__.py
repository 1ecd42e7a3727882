"""The scripts that bring a database of projects to the form that this version knows."""
