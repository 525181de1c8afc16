"""Conclave: deploy, isolate and prove an end-to-end encrypted videoconference site."""
