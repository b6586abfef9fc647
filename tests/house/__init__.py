"""The rules of the house: floors, names, cost, and that the documentation runs."""
