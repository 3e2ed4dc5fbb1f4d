"""Tests of catalogue, documents and the demo shop."""
