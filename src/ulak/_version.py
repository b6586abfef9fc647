"""What this package says of itself."""

__title__ = "ulak"
__description__ = "An HTTP client with the API of requests: fast, safe, in pure Python."
__version__ = "0.1.0"
__author__ = "The ulak authors"
__license__ = "Apache-2.0"
