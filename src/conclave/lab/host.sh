#!/bin/sh
# One lab host. Started in mount, pid and network namespaces of its own, so that ending one process ends it all.
#
# usage: host.sh NAME CGROUP BASE LAYER NETNS LINKS
#   BASE   unpacked base image, read only, shared by all hosts; with what was saved of an earlier host before it (A:B)
#   LAYER  folder with up/, work/ and root/: what this host writes
#   NETNS  network namespace that holds the bridges
#   LINKS  words "interface=port=address": the host's interface is named after its zone, the port hangs on that zone's
#          bridge, the address (MAC) stays the same over restarts, because neighbours remember it for a while
set -eu
name=$1 cgroup=$2 base=$3 layer=$4 netns=$5 links=$6

# nspawn asks sysfs about its interfaces. Read only, or it waits for udev to announce them.
mount -t sysfs -o ro sysfs /sys
# Covers a version 1 hierarchy where there is one: the host's systemd wants version 2.
mount -t cgroup2 cgroup2 /sys/fs/cgroup
mkdir -p "/sys/fs/cgroup/$cgroup"
echo $$ >"/sys/fs/cgroup/$cgroup/cgroup.procs"
mkdir -p /run/systemd/nspawn
mount -t tmpfs tmpfs /run/systemd/nspawn
mount -t overlay overlay -o "lowerdir=$base,upperdir=$layer/up,workdir=$layer/work" "$layer/root"

interfaces=
for link in $links; do
    interface=${link%%=*} address=${link##*=} port=${link#*=}
    port=${port%=*}
    ip link add name "$interface" address "$address" type veth peer name "$port" netns "$netns"
    ip -n "$netns" link set "$port" master "$interface" up
    interfaces="$interfaces --network-interface=$interface"
done

while :; do
    status=0
    # shellcheck disable=SC2086 # one word per interface, and zone names hold no blank
    systemd-nspawn --quiet --directory="$layer/root" --machine="$name" --boot $interfaces \
        --private-users=no --link-journal=no --register=no --keep-unit --resolv-conf=off --timezone=off \
        --console=pipe </dev/null || status=$?
    # 133 is a reboot from within; the interfaces are back in this namespace by then.
    [ "$status" -eq 133 ] || exit "$status"
done
