"""The policy alone: scripted steps, no socket, no thread, no sleep."""
