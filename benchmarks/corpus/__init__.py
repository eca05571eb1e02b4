"""Scenes with truth by construction, in which people were missed, told twice or taken for others, and their scoring.

A row is added with each bug that is found: `scenarios.py` draws, `composites.py` cuts people from footage where that
lies beside the clone, `judge.py` plays and counts.
"""
