# MikroTik RouterOS 7: site lab, written by Conclave 0 from the flow catalogue.
# Do not edit it: change the site and generate it again. Each rule names its flow.
# Holds: address lists, filter, NAT, marks, a queue tree for the uplink.
# Tried: not on a device and not checked by its parser; the lines follow RouterOS' documentation.
# Before use: move the rules to where they belong among yours (RouterOS appends them), and put the name of the interface to the outside for ether1 in the queue tree. FastTrack bypasses mangle and queues: exempt these flows.
# Isolated mode needs no change here: each host drops what comes from and goes to the outside by itself.
/ip/firewall/address-list
add list=conclave-mgmt address=192.0.2.128/27
add list=conclave-depot1 address=192.0.2.98/32
add list=conclave-core1 address=192.0.2.66/32
add list=conclave-media1 address=192.0.2.34/32
add list=conclave-edge1 address=192.0.2.2/32
add list=conclave-users address=198.51.100.0/24
add list=conclave-resolvers address=203.0.113.53/32
add list=conclave-ntp_servers address=203.0.113.123/32
add list=conclave-site address=198.51.100.0/24
add list=conclave-site address=192.0.2.0/27
add list=conclave-site address=192.0.2.32/27
add list=conclave-site address=192.0.2.64/27
add list=conclave-site address=192.0.2.96/27
add list=conclave-site address=192.0.2.128/27
add list=conclave-closed address=192.0.2.0/27
add list=conclave-closed address=192.0.2.32/27
add list=conclave-closed address=192.0.2.64/27
add list=conclave-closed address=192.0.2.96/27
/ip/firewall/filter
add chain=forward action=accept connection-state=established,related comment="conclave: answers"
add chain=forward action=accept protocol=tcp src-address-list=conclave-mgmt dst-address-list=conclave-depot1 dst-port=22 comment="conclave ssh: mgmt to depot1"
add chain=forward action=accept protocol=tcp src-address-list=conclave-mgmt dst-address-list=conclave-core1 dst-port=22 comment="conclave ssh: mgmt to core1"
add chain=forward action=accept protocol=tcp src-address-list=conclave-mgmt dst-address-list=conclave-media1 dst-port=22 comment="conclave ssh: mgmt to media1"
add chain=forward action=accept protocol=tcp src-address-list=conclave-mgmt dst-address-list=conclave-edge1 dst-port=22 comment="conclave ssh: mgmt to edge1"
add chain=forward action=accept protocol=tcp src-address-list=conclave-users dst-address-list=conclave-edge1 dst-port=443 comment="conclave web: users to edge1"
add chain=forward action=accept protocol=tcp src-address-list=!conclave-site dst-address-list=conclave-edge1 dst-port=443 comment="conclave web: outside to edge1 (open mode only)"
add chain=forward action=accept protocol=tcp src-address-list=conclave-mgmt dst-address-list=conclave-edge1 dst-port=443 comment="conclave web: mgmt to edge1"
add chain=forward action=accept protocol=tcp src-address-list=conclave-core1 dst-address-list=conclave-edge1 dst-port=443 comment="conclave web: core1 to edge1"
add chain=forward action=accept protocol=udp src-address-list=conclave-users dst-address-list=conclave-media1 dst-port=7882 comment="conclave media-udp: users to media1"
add chain=forward action=accept protocol=udp src-address-list=conclave-media1 dst-address-list=conclave-users src-port=7882 comment="conclave media-udp: media1 back to users"
add chain=forward action=accept protocol=udp src-address-list=!conclave-site dst-address-list=conclave-media1 dst-port=7882 comment="conclave media-udp: outside to media1 (open mode only)"
add chain=forward action=accept protocol=udp src-address-list=conclave-media1 dst-address-list=!conclave-site src-port=7882 comment="conclave media-udp: media1 back to outside (open mode only)"
add chain=forward action=accept protocol=udp src-address-list=conclave-mgmt dst-address-list=conclave-media1 dst-port=7882 comment="conclave media-udp: mgmt to media1"
add chain=forward action=accept protocol=udp src-address-list=conclave-media1 dst-address-list=conclave-mgmt src-port=7882 comment="conclave media-udp: media1 back to mgmt"
add chain=forward action=accept protocol=tcp src-address-list=conclave-users dst-address-list=conclave-media1 dst-port=7881 comment="conclave media-tcp: users to media1"
add chain=forward action=accept protocol=tcp src-address-list=!conclave-site dst-address-list=conclave-media1 dst-port=7881 comment="conclave media-tcp: outside to media1 (open mode only)"
add chain=forward action=accept protocol=tcp src-address-list=conclave-mgmt dst-address-list=conclave-media1 dst-port=7881 comment="conclave media-tcp: mgmt to media1"
add chain=forward action=accept protocol=udp src-address-list=conclave-users dst-address-list=conclave-media1 dst-port=3478 comment="conclave turn-udp: users to media1"
add chain=forward action=accept protocol=udp src-address-list=conclave-media1 dst-address-list=conclave-users src-port=3478 comment="conclave turn-udp: media1 back to users"
add chain=forward action=accept protocol=udp src-address-list=!conclave-site dst-address-list=conclave-media1 dst-port=3478 comment="conclave turn-udp: outside to media1 (open mode only)"
add chain=forward action=accept protocol=udp src-address-list=conclave-media1 dst-address-list=!conclave-site src-port=3478 comment="conclave turn-udp: media1 back to outside (open mode only)"
add chain=forward action=accept protocol=udp src-address-list=conclave-mgmt dst-address-list=conclave-media1 dst-port=3478 comment="conclave turn-udp: mgmt to media1"
add chain=forward action=accept protocol=udp src-address-list=conclave-media1 dst-address-list=conclave-mgmt src-port=3478 comment="conclave turn-udp: media1 back to mgmt"
add chain=forward action=accept protocol=tcp src-address-list=conclave-edge1 dst-address-list=conclave-media1 dst-port=5349 comment="conclave turn-tls: edge1 to media1"
add chain=forward action=accept protocol=tcp src-address-list=conclave-edge1 dst-address-list=conclave-media1 dst-port=7443 comment="conclave livekit-tls: edge1 to media1"
add chain=forward action=accept protocol=tcp src-address-list=conclave-core1 dst-address-list=conclave-media1 dst-port=7443 comment="conclave livekit-tls: core1 to media1"
add chain=forward action=accept protocol=tcp src-address-list=conclave-edge1 dst-address-list=conclave-core1 dst-port=8000 comment="conclave portal-tls: edge1 to core1"
add chain=forward action=accept protocol=tcp src-address-list=conclave-media1 dst-address-list=conclave-core1 dst-port=8000 comment="conclave portal-tls: media1 to core1"
add chain=forward action=accept protocol=tcp src-address-list=conclave-edge1 dst-address-list=conclave-core1 dst-port=8443 comment="conclave keycloak-tls: edge1 to core1"
add chain=forward action=accept protocol=tcp src-address-list=conclave-media1 dst-address-list=conclave-core1 dst-port=6380 comment="conclave valkey: media1 to core1"
add chain=forward action=accept protocol=udp src-address-list=conclave-depot1 dst-address-list=conclave-core1 dst-port=53 comment="conclave dns: depot1 to core1"
add chain=forward action=accept protocol=tcp src-address-list=conclave-depot1 dst-address-list=conclave-core1 dst-port=53 comment="conclave dns: depot1 to core1"
add chain=forward action=accept protocol=udp src-address-list=conclave-media1 dst-address-list=conclave-core1 dst-port=53 comment="conclave dns: media1 to core1"
add chain=forward action=accept protocol=tcp src-address-list=conclave-media1 dst-address-list=conclave-core1 dst-port=53 comment="conclave dns: media1 to core1"
add chain=forward action=accept protocol=udp src-address-list=conclave-edge1 dst-address-list=conclave-core1 dst-port=53 comment="conclave dns: edge1 to core1"
add chain=forward action=accept protocol=tcp src-address-list=conclave-edge1 dst-address-list=conclave-core1 dst-port=53 comment="conclave dns: edge1 to core1"
add chain=forward action=accept protocol=udp src-address-list=conclave-users dst-address-list=conclave-core1 dst-port=53 comment="conclave dns: users to core1"
add chain=forward action=accept protocol=tcp src-address-list=conclave-users dst-address-list=conclave-core1 dst-port=53 comment="conclave dns: users to core1"
add chain=forward action=accept protocol=udp src-address-list=conclave-mgmt dst-address-list=conclave-core1 dst-port=53 comment="conclave dns: mgmt to core1"
add chain=forward action=accept protocol=tcp src-address-list=conclave-mgmt dst-address-list=conclave-core1 dst-port=53 comment="conclave dns: mgmt to core1"
add chain=forward action=accept protocol=udp src-address-list=conclave-depot1 dst-address-list=conclave-core1 dst-port=123 comment="conclave ntp: depot1 to core1"
add chain=forward action=accept protocol=udp src-address-list=conclave-media1 dst-address-list=conclave-core1 dst-port=123 comment="conclave ntp: media1 to core1"
add chain=forward action=accept protocol=udp src-address-list=conclave-edge1 dst-address-list=conclave-core1 dst-port=123 comment="conclave ntp: edge1 to core1"
add chain=forward action=accept protocol=udp src-address-list=conclave-core1 dst-address-list=conclave-resolvers dst-port=53 comment="conclave dns-upstream: core1 to resolvers (open mode only)"
add chain=forward action=accept protocol=tcp src-address-list=conclave-core1 dst-address-list=conclave-resolvers dst-port=53 comment="conclave dns-upstream: core1 to resolvers (open mode only)"
add chain=forward action=accept protocol=udp src-address-list=conclave-core1 dst-address-list=conclave-ntp_servers dst-port=123 comment="conclave ntp-upstream: core1 to ntp_servers (open mode only)"
add chain=forward action=accept protocol=tcp src-address-list=conclave-core1 dst-address-list=conclave-depot1 dst-port=80 comment="conclave depot: core1 to depot1"
add chain=forward action=accept protocol=tcp src-address-list=conclave-media1 dst-address-list=conclave-depot1 dst-port=80 comment="conclave depot: media1 to depot1"
add chain=forward action=accept protocol=tcp src-address-list=conclave-edge1 dst-address-list=conclave-depot1 dst-port=80 comment="conclave depot: edge1 to depot1"
add chain=forward action=accept protocol=tcp src-address-list=conclave-depot1 dst-address-list=conclave-core1 dst-port=8444 comment="conclave ca-renewal: depot1 to core1"
add chain=forward action=accept protocol=tcp src-address-list=conclave-media1 dst-address-list=conclave-core1 dst-port=8444 comment="conclave ca-renewal: media1 to core1"
add chain=forward action=accept protocol=tcp src-address-list=conclave-edge1 dst-address-list=conclave-core1 dst-port=8444 comment="conclave ca-renewal: edge1 to core1"
add chain=forward action=accept protocol=icmp dst-address-list=conclave-site limit=50,100:packet comment="conclave: ICMP errors and echo"
add chain=forward action=reject reject-with=icmp-admin-prohibited src-address-list=conclave-closed comment="conclave: hosts may send nothing else"
add chain=forward action=drop dst-address-list=conclave-closed comment="conclave: nothing else may reach the hosts"
/ipv6/firewall/address-list
add list=conclave-mgmt address=2001:db8:1:5::/64
add list=conclave-depot1 address=2001:db8:1:4::2/128
add list=conclave-core1 address=2001:db8:1:3::2/128
add list=conclave-media1 address=2001:db8:1:2::2/128
add list=conclave-edge1 address=2001:db8:1:1::2/128
add list=conclave-users address=2001:db8:1:6::/64
add list=conclave-site address=2001:db8:1:6::/64
add list=conclave-site address=2001:db8:1:1::/64
add list=conclave-site address=2001:db8:1:2::/64
add list=conclave-site address=2001:db8:1:3::/64
add list=conclave-site address=2001:db8:1:4::/64
add list=conclave-site address=2001:db8:1:5::/64
add list=conclave-closed address=2001:db8:1:1::/64
add list=conclave-closed address=2001:db8:1:2::/64
add list=conclave-closed address=2001:db8:1:3::/64
add list=conclave-closed address=2001:db8:1:4::/64
/ipv6/firewall/filter
add chain=forward action=accept connection-state=established,related comment="conclave: answers"
add chain=forward action=accept protocol=tcp src-address-list=conclave-mgmt dst-address-list=conclave-depot1 dst-port=22 comment="conclave ssh: mgmt to depot1"
add chain=forward action=accept protocol=tcp src-address-list=conclave-mgmt dst-address-list=conclave-core1 dst-port=22 comment="conclave ssh: mgmt to core1"
add chain=forward action=accept protocol=tcp src-address-list=conclave-mgmt dst-address-list=conclave-media1 dst-port=22 comment="conclave ssh: mgmt to media1"
add chain=forward action=accept protocol=tcp src-address-list=conclave-mgmt dst-address-list=conclave-edge1 dst-port=22 comment="conclave ssh: mgmt to edge1"
add chain=forward action=accept protocol=tcp src-address-list=conclave-users dst-address-list=conclave-edge1 dst-port=443 comment="conclave web: users to edge1"
add chain=forward action=accept protocol=tcp src-address-list=!conclave-site dst-address-list=conclave-edge1 dst-port=443 comment="conclave web: outside to edge1 (open mode only)"
add chain=forward action=accept protocol=tcp src-address-list=conclave-mgmt dst-address-list=conclave-edge1 dst-port=443 comment="conclave web: mgmt to edge1"
add chain=forward action=accept protocol=tcp src-address-list=conclave-core1 dst-address-list=conclave-edge1 dst-port=443 comment="conclave web: core1 to edge1"
add chain=forward action=accept protocol=udp src-address-list=conclave-users dst-address-list=conclave-media1 dst-port=7882 comment="conclave media-udp: users to media1"
add chain=forward action=accept protocol=udp src-address-list=conclave-media1 dst-address-list=conclave-users src-port=7882 comment="conclave media-udp: media1 back to users"
add chain=forward action=accept protocol=udp src-address-list=!conclave-site dst-address-list=conclave-media1 dst-port=7882 comment="conclave media-udp: outside to media1 (open mode only)"
add chain=forward action=accept protocol=udp src-address-list=conclave-media1 dst-address-list=!conclave-site src-port=7882 comment="conclave media-udp: media1 back to outside (open mode only)"
add chain=forward action=accept protocol=udp src-address-list=conclave-mgmt dst-address-list=conclave-media1 dst-port=7882 comment="conclave media-udp: mgmt to media1"
add chain=forward action=accept protocol=udp src-address-list=conclave-media1 dst-address-list=conclave-mgmt src-port=7882 comment="conclave media-udp: media1 back to mgmt"
add chain=forward action=accept protocol=tcp src-address-list=conclave-users dst-address-list=conclave-media1 dst-port=7881 comment="conclave media-tcp: users to media1"
add chain=forward action=accept protocol=tcp src-address-list=!conclave-site dst-address-list=conclave-media1 dst-port=7881 comment="conclave media-tcp: outside to media1 (open mode only)"
add chain=forward action=accept protocol=tcp src-address-list=conclave-mgmt dst-address-list=conclave-media1 dst-port=7881 comment="conclave media-tcp: mgmt to media1"
add chain=forward action=accept protocol=udp src-address-list=conclave-users dst-address-list=conclave-media1 dst-port=3478 comment="conclave turn-udp: users to media1"
add chain=forward action=accept protocol=udp src-address-list=conclave-media1 dst-address-list=conclave-users src-port=3478 comment="conclave turn-udp: media1 back to users"
add chain=forward action=accept protocol=udp src-address-list=!conclave-site dst-address-list=conclave-media1 dst-port=3478 comment="conclave turn-udp: outside to media1 (open mode only)"
add chain=forward action=accept protocol=udp src-address-list=conclave-media1 dst-address-list=!conclave-site src-port=3478 comment="conclave turn-udp: media1 back to outside (open mode only)"
add chain=forward action=accept protocol=udp src-address-list=conclave-mgmt dst-address-list=conclave-media1 dst-port=3478 comment="conclave turn-udp: mgmt to media1"
add chain=forward action=accept protocol=udp src-address-list=conclave-media1 dst-address-list=conclave-mgmt src-port=3478 comment="conclave turn-udp: media1 back to mgmt"
add chain=forward action=accept protocol=tcp src-address-list=conclave-edge1 dst-address-list=conclave-media1 dst-port=5349 comment="conclave turn-tls: edge1 to media1"
add chain=forward action=accept protocol=tcp src-address-list=conclave-edge1 dst-address-list=conclave-media1 dst-port=7443 comment="conclave livekit-tls: edge1 to media1"
add chain=forward action=accept protocol=tcp src-address-list=conclave-core1 dst-address-list=conclave-media1 dst-port=7443 comment="conclave livekit-tls: core1 to media1"
add chain=forward action=accept protocol=tcp src-address-list=conclave-edge1 dst-address-list=conclave-core1 dst-port=8000 comment="conclave portal-tls: edge1 to core1"
add chain=forward action=accept protocol=tcp src-address-list=conclave-media1 dst-address-list=conclave-core1 dst-port=8000 comment="conclave portal-tls: media1 to core1"
add chain=forward action=accept protocol=tcp src-address-list=conclave-edge1 dst-address-list=conclave-core1 dst-port=8443 comment="conclave keycloak-tls: edge1 to core1"
add chain=forward action=accept protocol=tcp src-address-list=conclave-media1 dst-address-list=conclave-core1 dst-port=6380 comment="conclave valkey: media1 to core1"
add chain=forward action=accept protocol=udp src-address-list=conclave-depot1 dst-address-list=conclave-core1 dst-port=53 comment="conclave dns: depot1 to core1"
add chain=forward action=accept protocol=tcp src-address-list=conclave-depot1 dst-address-list=conclave-core1 dst-port=53 comment="conclave dns: depot1 to core1"
add chain=forward action=accept protocol=udp src-address-list=conclave-media1 dst-address-list=conclave-core1 dst-port=53 comment="conclave dns: media1 to core1"
add chain=forward action=accept protocol=tcp src-address-list=conclave-media1 dst-address-list=conclave-core1 dst-port=53 comment="conclave dns: media1 to core1"
add chain=forward action=accept protocol=udp src-address-list=conclave-edge1 dst-address-list=conclave-core1 dst-port=53 comment="conclave dns: edge1 to core1"
add chain=forward action=accept protocol=tcp src-address-list=conclave-edge1 dst-address-list=conclave-core1 dst-port=53 comment="conclave dns: edge1 to core1"
add chain=forward action=accept protocol=udp src-address-list=conclave-users dst-address-list=conclave-core1 dst-port=53 comment="conclave dns: users to core1"
add chain=forward action=accept protocol=tcp src-address-list=conclave-users dst-address-list=conclave-core1 dst-port=53 comment="conclave dns: users to core1"
add chain=forward action=accept protocol=udp src-address-list=conclave-mgmt dst-address-list=conclave-core1 dst-port=53 comment="conclave dns: mgmt to core1"
add chain=forward action=accept protocol=tcp src-address-list=conclave-mgmt dst-address-list=conclave-core1 dst-port=53 comment="conclave dns: mgmt to core1"
add chain=forward action=accept protocol=udp src-address-list=conclave-depot1 dst-address-list=conclave-core1 dst-port=123 comment="conclave ntp: depot1 to core1"
add chain=forward action=accept protocol=udp src-address-list=conclave-media1 dst-address-list=conclave-core1 dst-port=123 comment="conclave ntp: media1 to core1"
add chain=forward action=accept protocol=udp src-address-list=conclave-edge1 dst-address-list=conclave-core1 dst-port=123 comment="conclave ntp: edge1 to core1"
add chain=forward action=accept protocol=tcp src-address-list=conclave-core1 dst-address-list=conclave-depot1 dst-port=80 comment="conclave depot: core1 to depot1"
add chain=forward action=accept protocol=tcp src-address-list=conclave-media1 dst-address-list=conclave-depot1 dst-port=80 comment="conclave depot: media1 to depot1"
add chain=forward action=accept protocol=tcp src-address-list=conclave-edge1 dst-address-list=conclave-depot1 dst-port=80 comment="conclave depot: edge1 to depot1"
add chain=forward action=accept protocol=tcp src-address-list=conclave-depot1 dst-address-list=conclave-core1 dst-port=8444 comment="conclave ca-renewal: depot1 to core1"
add chain=forward action=accept protocol=tcp src-address-list=conclave-media1 dst-address-list=conclave-core1 dst-port=8444 comment="conclave ca-renewal: media1 to core1"
add chain=forward action=accept protocol=tcp src-address-list=conclave-edge1 dst-address-list=conclave-core1 dst-port=8444 comment="conclave ca-renewal: edge1 to core1"
add chain=forward action=accept protocol=icmpv6 dst-address-list=conclave-site limit=50,100:packet comment="conclave: ICMP errors and echo"
add chain=forward action=reject reject-with=icmp-admin-prohibited src-address-list=conclave-closed comment="conclave: hosts may send nothing else"
add chain=forward action=drop dst-address-list=conclave-closed comment="conclave: nothing else may reach the hosts"
/ip/firewall/nat
add chain=dstnat action=dst-nat dst-address=203.0.113.1 protocol=tcp dst-port=443 to-addresses=192.0.2.2 to-ports=443 comment="conclave web: 203.0.113.1 is edge1 (open mode only)"
add chain=dstnat action=dst-nat dst-address=203.0.113.1 protocol=udp dst-port=7882 to-addresses=192.0.2.34 to-ports=7882 comment="conclave media-udp: 203.0.113.1 is media1 (open mode only)"
add chain=dstnat action=dst-nat dst-address=203.0.113.1 protocol=tcp dst-port=7881 to-addresses=192.0.2.34 to-ports=7881 comment="conclave media-tcp: 203.0.113.1 is media1 (open mode only)"
add chain=dstnat action=dst-nat dst-address=203.0.113.1 protocol=udp dst-port=3478 to-addresses=192.0.2.34 to-ports=3478 comment="conclave turn-udp: 203.0.113.1 is media1 (open mode only)"
add chain=srcnat action=src-nat protocol=udp src-address-list=conclave-core1 dst-address-list=conclave-resolvers dst-port=53 to-addresses=203.0.113.1 comment="conclave dns-upstream: core1 to resolvers (open mode only)"
add chain=srcnat action=src-nat protocol=tcp src-address-list=conclave-core1 dst-address-list=conclave-resolvers dst-port=53 to-addresses=203.0.113.1 comment="conclave dns-upstream: core1 to resolvers (open mode only)"
add chain=srcnat action=src-nat protocol=udp src-address-list=conclave-core1 dst-address-list=conclave-ntp_servers dst-port=123 to-addresses=203.0.113.1 comment="conclave ntp-upstream: core1 to ntp_servers (open mode only)"
/ip/firewall/mangle
add chain=forward action=change-dscp new-dscp=0 passthrough=yes src-address-list=!conclave-site comment="conclave: no trust outside"
add chain=forward action=change-dscp new-dscp=24 passthrough=yes protocol=tcp src-address-list=conclave-users dst-address-list=conclave-edge1 dst-port=443 comment="conclave web: users to edge1"
add chain=forward action=change-dscp new-dscp=24 passthrough=yes protocol=tcp src-address-list=!conclave-site dst-address-list=conclave-edge1 dst-port=443 comment="conclave web: outside to edge1 (open mode only)"
add chain=forward action=change-dscp new-dscp=34 passthrough=yes protocol=udp src-address-list=conclave-users dst-address-list=conclave-media1 dst-port=7882 dscp=!46 comment="conclave media-udp: users to media1"
add chain=forward action=change-dscp new-dscp=34 passthrough=yes protocol=udp src-address-list=!conclave-site dst-address-list=conclave-media1 dst-port=7882 dscp=!46 comment="conclave media-udp: outside to media1 (open mode only)"
add chain=forward action=change-dscp new-dscp=34 passthrough=yes protocol=tcp src-address-list=conclave-users dst-address-list=conclave-media1 dst-port=7881 comment="conclave media-tcp: users to media1"
add chain=forward action=change-dscp new-dscp=34 passthrough=yes protocol=tcp src-address-list=!conclave-site dst-address-list=conclave-media1 dst-port=7881 comment="conclave media-tcp: outside to media1 (open mode only)"
add chain=forward action=change-dscp new-dscp=34 passthrough=yes protocol=udp src-address-list=conclave-users dst-address-list=conclave-media1 dst-port=3478 dscp=!46 comment="conclave turn-udp: users to media1"
add chain=forward action=change-dscp new-dscp=34 passthrough=yes protocol=udp src-address-list=!conclave-site dst-address-list=conclave-media1 dst-port=3478 dscp=!46 comment="conclave turn-udp: outside to media1 (open mode only)"
add chain=postrouting action=mark-packet dscp=46 new-packet-mark=conclave-audio passthrough=no comment="conclave: audio"
add chain=postrouting action=mark-packet dscp=34 new-packet-mark=conclave-video passthrough=no comment="conclave: video"
add chain=postrouting action=mark-packet dscp=26 new-packet-mark=conclave-video passthrough=no comment="conclave: video"
add chain=postrouting action=mark-packet dscp=24 new-packet-mark=conclave-signalling passthrough=no comment="conclave: signalling"
add chain=postrouting action=mark-packet dscp=16 new-packet-mark=conclave-signalling passthrough=no comment="conclave: signalling"
/ipv6/firewall/mangle
add chain=forward action=change-dscp new-dscp=0 passthrough=yes src-address-list=!conclave-site comment="conclave: no trust outside"
add chain=forward action=change-dscp new-dscp=24 passthrough=yes protocol=tcp src-address-list=conclave-users dst-address-list=conclave-edge1 dst-port=443 comment="conclave web: users to edge1"
add chain=forward action=change-dscp new-dscp=24 passthrough=yes protocol=tcp src-address-list=!conclave-site dst-address-list=conclave-edge1 dst-port=443 comment="conclave web: outside to edge1 (open mode only)"
add chain=forward action=change-dscp new-dscp=34 passthrough=yes protocol=udp src-address-list=conclave-users dst-address-list=conclave-media1 dst-port=7882 dscp=!46 comment="conclave media-udp: users to media1"
add chain=forward action=change-dscp new-dscp=34 passthrough=yes protocol=udp src-address-list=!conclave-site dst-address-list=conclave-media1 dst-port=7882 dscp=!46 comment="conclave media-udp: outside to media1 (open mode only)"
add chain=forward action=change-dscp new-dscp=34 passthrough=yes protocol=tcp src-address-list=conclave-users dst-address-list=conclave-media1 dst-port=7881 comment="conclave media-tcp: users to media1"
add chain=forward action=change-dscp new-dscp=34 passthrough=yes protocol=tcp src-address-list=!conclave-site dst-address-list=conclave-media1 dst-port=7881 comment="conclave media-tcp: outside to media1 (open mode only)"
add chain=forward action=change-dscp new-dscp=34 passthrough=yes protocol=udp src-address-list=conclave-users dst-address-list=conclave-media1 dst-port=3478 dscp=!46 comment="conclave turn-udp: users to media1"
add chain=forward action=change-dscp new-dscp=34 passthrough=yes protocol=udp src-address-list=!conclave-site dst-address-list=conclave-media1 dst-port=3478 dscp=!46 comment="conclave turn-udp: outside to media1 (open mode only)"
add chain=postrouting action=mark-packet dscp=46 new-packet-mark=conclave-audio passthrough=no comment="conclave: audio"
add chain=postrouting action=mark-packet dscp=34 new-packet-mark=conclave-video passthrough=no comment="conclave: video"
add chain=postrouting action=mark-packet dscp=26 new-packet-mark=conclave-video passthrough=no comment="conclave: video"
add chain=postrouting action=mark-packet dscp=24 new-packet-mark=conclave-signalling passthrough=no comment="conclave: signalling"
add chain=postrouting action=mark-packet dscp=16 new-packet-mark=conclave-signalling passthrough=no comment="conclave: signalling"
/queue/tree
add name=conclave-uplink parent=ether1 max-limit=50000k
add name=conclave-audio parent=conclave-uplink packet-mark=conclave-audio priority=1 limit-at=16500k max-limit=16500k queue=default
add name=conclave-video parent=conclave-uplink packet-mark=conclave-video priority=2 limit-at=22500k max-limit=50000k queue=default
add name=conclave-signalling parent=conclave-uplink packet-mark=conclave-signalling priority=3 limit-at=1000k max-limit=50000k queue=default
add name=conclave-rest parent=conclave-uplink packet-mark=no-mark priority=8 limit-at=10000k max-limit=50000k queue=default
