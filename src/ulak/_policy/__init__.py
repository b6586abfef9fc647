"""What happens next: redirects, authentication rounds, retries, cookies, deadlines.

Everything here decides, and leaves sending, reading and waiting to whoever drives it, so
that every front shares every decision.
"""
