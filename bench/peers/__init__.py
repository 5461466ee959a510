"""What people use today, on the same stand-in with the same workspace and limits."""
