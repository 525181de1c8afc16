#!/bin/sh
# Linux tc: site lab, written by Conclave 0 from the flow catalogue.
# Do not edit it: change the site and generate it again. Each rule names its flow.
# Holds: one queue a class on the interface to the outside.
# Tried: its grammar by `sh -n` only; HTB with these classes is what Conclave's own router runs and tests.
# Before use: call it with the name of the interface to the outside: sh FILE eth0
# Isolated mode needs no change here: each host drops what comes from and goes to the outside by itself.
set -eu
interface=${1:?the interface to the outside}
# First any other, so that a second call begins anew.
tc qdisc replace dev "$interface" root pfifo
tc qdisc replace dev "$interface" root handle 1: htb default 40
tc class replace dev "$interface" parent 1: classid 1:1 htb rate 50000kbit ceil 50000kbit
# audio
tc class replace dev "$interface" parent 1:1 classid 1:10 htb rate 16500kbit ceil 16500kbit prio 0
tc qdisc replace dev "$interface" parent 1:10 fq_codel
tc filter add dev "$interface" parent 1: protocol ip prio 1 u32 match ip dsfield 0xb8 0xfc flowid 1:10
tc filter add dev "$interface" parent 1: protocol ipv6 prio 2 u32 match ip6 priority 0xb8 0xfc flowid 1:10
# video and screens
tc class replace dev "$interface" parent 1:1 classid 1:20 htb rate 22500kbit ceil 50000kbit prio 1
tc qdisc replace dev "$interface" parent 1:20 fq_codel
tc filter add dev "$interface" parent 1: protocol ip prio 1 u32 match ip dsfield 0x88 0xfc flowid 1:20
tc filter add dev "$interface" parent 1: protocol ipv6 prio 2 u32 match ip6 priority 0x88 0xfc flowid 1:20
tc filter add dev "$interface" parent 1: protocol ip prio 1 u32 match ip dsfield 0x68 0xfc flowid 1:20
tc filter add dev "$interface" parent 1: protocol ipv6 prio 2 u32 match ip6 priority 0x68 0xfc flowid 1:20
# signalling
tc class replace dev "$interface" parent 1:1 classid 1:30 htb rate 1000kbit ceil 50000kbit prio 2
tc qdisc replace dev "$interface" parent 1:30 fq_codel
tc filter add dev "$interface" parent 1: protocol ip prio 1 u32 match ip dsfield 0x60 0xfc flowid 1:30
tc filter add dev "$interface" parent 1: protocol ipv6 prio 2 u32 match ip6 priority 0x60 0xfc flowid 1:30
tc filter add dev "$interface" parent 1: protocol ip prio 1 u32 match ip dsfield 0x40 0xfc flowid 1:30
tc filter add dev "$interface" parent 1: protocol ipv6 prio 2 u32 match ip6 priority 0x40 0xfc flowid 1:30
# everything else
tc class replace dev "$interface" parent 1:1 classid 1:40 htb rate 10000kbit ceil 50000kbit prio 3
tc qdisc replace dev "$interface" parent 1:40 fq_codel
