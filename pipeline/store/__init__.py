"""What is kept: snapshots."""
