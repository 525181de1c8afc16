"""A Keycloak realm kept as code: compare what is wanted with what is there, over the admin API.

Runs on the host that Keycloak runs on, as part of an Ansible module: only Python's standard library may be imported.
"""
