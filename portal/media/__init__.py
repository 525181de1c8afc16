"""Rooms, tokens and the allow list."""
