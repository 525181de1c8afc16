"""What runs on a site's hosts: Debian's Python 3.13 and its standard library, nothing else."""
