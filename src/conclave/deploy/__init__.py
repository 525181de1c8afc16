"""Deploying a site: checks first, then Ansible, and an answer an operator can act on."""
