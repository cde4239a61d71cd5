"""What the end-to-end tests are made of: real servers of their own, clients that watch the wire, and one scripted MTA."""
