"""Incident to the world: the journal, and what drains it."""
