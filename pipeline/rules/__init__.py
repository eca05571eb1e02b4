"""Tracks to Incidents. Pure: no I/O, no clock."""
