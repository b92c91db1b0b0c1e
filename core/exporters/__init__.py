"""The tools that a roll is exported to, one module each over the shape in `core.exporters.shape`."""
