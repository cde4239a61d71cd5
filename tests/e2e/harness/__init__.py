"""The parts of the end-to-end tests: real servers of their own, clients that watch the wire, and one scripted MTA."""
