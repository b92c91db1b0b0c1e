"""Exported files are read here by the tools' own code: `make test-interop`."""
