"""One file a command of `zonewatch`; `cli.py` puts them together."""
