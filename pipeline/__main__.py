"""`python -m pipeline` is the `zonewatch` command."""

from pipeline.cli import main

if __name__ == "__main__":
    main()
