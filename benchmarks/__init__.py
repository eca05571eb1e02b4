"""Speed claims: one file a claim, peers side by side in one run. `python -m benchmarks.replay`."""
