"""Firewall rules that lock the control node out do not last."""
