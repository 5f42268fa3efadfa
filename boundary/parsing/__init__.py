"""The process that parses a stranger's document: it imports nothing of the house and holds nothing."""
