"""The project's numbers, measured on the local stack: `python -m bench`."""
