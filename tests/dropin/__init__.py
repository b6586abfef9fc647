"""What is written for requests, on ulak."""
