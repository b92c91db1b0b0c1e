"""One program a tool, run in that tool's own environment: reads a file as the tool does and prints what it then has.

Each prints one JSON document, `{"version": …, "models": [{"entry", "model_id", "base_url", "key_reference",
"values"}]}`
with the tool's names in `values`, or `{"error": …}` with the tool's own words where it refuses the file.
"""
