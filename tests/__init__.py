"""Tests: the same folders as pipeline/; real parts, no mocks of them."""
