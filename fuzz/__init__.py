"""Long searches for input that the protocol code reads wrongly; see README.md."""
