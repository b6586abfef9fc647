"""Against servers that are broken or mean; one file for each promise."""
