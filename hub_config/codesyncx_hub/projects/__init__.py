"""The projects of a Hub: who is in which, and what of them is to be at the Hub."""
