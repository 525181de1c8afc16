"""Who stands in the sites that tests use, as their inventories say."""

from conclave.site import read

# The lab's hosts, in the order of its inventory.
HOSTS = tuple(host.name for host in read.load("lab").hosts)
