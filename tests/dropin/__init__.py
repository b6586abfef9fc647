"""What code that was written for requests meets here."""
