"""Notifies everyone in all rooms of a mode switch, and removes participants outside before the path to them is cut.

A program of its own, with the standard library only: it has half a second, and loading Django takes longer than that.
It asks neither the database nor the portal's process, so that it works while those are slow.
"""
