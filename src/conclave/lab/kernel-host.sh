#!/bin/sh
# One lab host with a kernel of its own. Started like host.sh, and given the same words:
#
# usage: kernel-host.sh NAME CGROUP BASE LAYER NETNS LINKS
#
# What the host writes goes to LAYER/disk.ext4, which is made of BASE and LAYER/up at its first start. Its kernel is the
# process linux.uml, out of the image itself.
set -eu
name=$1 cgroup=$2 base=$3 layer=$4 netns=$5 links=$6
root=$layer/root disk=$layer/disk.ext4

mount -t sysfs -o ro sysfs /sys
mount -t cgroup2 cgroup2 /sys/fs/cgroup
mkdir -p "/sys/fs/cgroup/$cgroup"
echo $$ >"/sys/fs/cgroup/$cgroup/cgroup.procs"
mount -t overlay overlay -o "lowerdir=$base,upperdir=$layer/up,workdir=$layer/work" "$root"

if [ ! -e "$disk" ]; then
    truncate -s 4G "$disk.new"
    mkfs.ext4 -q -m 0 -d "$root" "$disk.new"
    mv "$disk.new" "$disk"
fi

mount -t proc proc "$root/proc"
mount --rbind /dev "$root/dev"
# The memory of user-mode-linux is a file here, as much of it as was used.
mount -t tmpfs -o mode=1777 tmpfs "$root/tmp"
mount --bind "$layer" "$root/mnt"

number=0 devices=
for link in $links; do
    zone=${link%%=*} address=${link##*=} port=${link#*=}
    port=${port%=*}
    ip -n "$netns" tuntap add dev "$port" mode tap
    ip -n "$netns" link set "$port" master "$zone" up
    # gro: the bridge hands on whole bursts of TCP, which are dropped without it.
    devices="$devices vec$number:transport=tap,ifname=$port,mac=$address,gro=1"
    number=$((number + 1))
done

install -m 0755 "${0%/*}/kernel-start.sh" "$root/usr/local/bin/linux.uml"
# A reboot from within starts the kernel anew in the same process; its end is the host's.
# shellcheck disable=SC2086 # one word per interface, and zone names hold no blank
PATH=/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin TMPDIR=/tmp HOME=/tmp \
    nsenter --net="/run/netns/$netns" chroot "$root" linux.uml "umid=$name" mem=1024M ubd0=/mnt/disk.ext4 \
    root=/dev/ubda rw security=apparmor audit=1 $devices con=null con0=null,fd:1 ssl=null </dev/null
