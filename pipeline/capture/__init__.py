"""Camera to packets to Frame."""
