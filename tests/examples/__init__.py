"""Every example is run, and must print what it promises."""
