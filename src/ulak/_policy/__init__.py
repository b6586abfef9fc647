"""What happens next: redirects, authentication rounds, retries, cookies, deadlines.

Everything here decides and nothing here does I/O, so that the sync and the
async front share every decision.
"""
