"""The process that parses a stranger's document. It imports nothing of the house."""
