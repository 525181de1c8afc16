"""Meetings and their PIN."""
