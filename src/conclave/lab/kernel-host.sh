#!/bin/sh
# One lab host with a kernel of its own. Started like host.sh, and given the same words and one more:
#
# usage: kernel-host.sh NAME CGROUP BASE LAYER NETNS LINKS KIND
#   KIND  own: user-mode-linux, the kernel as a process; emulated: a machine that qemu emulates
#
# What the host writes goes to LAYER/disk.ext4, which is made of BASE and LAYER/up at its first start. The kernel and what
# runs it come out of the image itself.
set -eu
name=$1 cgroup=$2 base=$3 layer=$4 netns=$5 links=$6 kind=$7
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
    if [ "$kind" = own ]; then
        # gro: the bridge hands on whole bursts of TCP, which are dropped without it.
        devices="$devices vec$number:transport=tap,ifname=$port,mac=$address,gro=1"
    else
        # No ROM: nothing starts over the network.
        devices="$devices -netdev tap,id=net$number,ifname=$port,script=no,downscript=no"
        devices="$devices -device virtio-net-pci,netdev=net$number,mac=$address,romfile="
    fi
    number=$((number + 1))
done

# A reboot from within starts the kernel anew in the same process; its end is the host's.
if [ "$kind" = own ]; then
    install -m 0755 "${0%/*}/kernel-start.sh" "$root/usr/local/bin/linux.uml"
    # shellcheck disable=SC2086 # one word per interface, and zone names hold no blank
    set -- linux.uml "umid=$name" mem=1024M ubd0=/mnt/disk.ext4 root=/dev/ubda rw security=apparmor audit=1 $devices \
        con=null con0=null,fd:1 ssl=null
else
    # The cloud kernel has the drivers of this disk built in, so it needs no initrd. What systemd takes for hanging is
    # merely slow here.
    patience="systemd.default_timeout_start_sec=1800 systemd.default_device_timeout_sec=1800"
    patience="$patience systemd.service_watchdogs=no nowatchdog rcupdate.rcu_cpu_stall_suppress=1"
    # A kernel that is not given the processor while it waits for its timer takes that for broken, and panics.
    patience="$patience no_timer_check"
    kernel=$(basename "$root"/boot/vmlinuz-*)
    # tcg: software alone emulates the processor. unsafe: what a flush would put on the machine's disk outlives the host
    # anyway.
    # shellcheck disable=SC2086 # as above
    set -- qemu-system-x86_64 -name "$name" -nodefaults -display none -machine q35 -accel tcg,thread=multi,tb-size=512 \
        -cpu max,la57=off -smp 2 -m 2048 -device virtio-rng-pci \
        -chardev stdio,id=console,signal=off -serial chardev:console \
        -kernel "/boot/$kernel" -append "console=ttyS0 root=/dev/nvme0n1 rw mitigations=off audit=1 loglevel=5 $patience" \
        -drive file=/mnt/disk.ext4,if=none,id=disk,format=raw,cache=unsafe -device nvme,drive=disk,serial=disk $devices
fi
PATH=/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin TMPDIR=/tmp HOME=/tmp \
    nsenter --net="/run/netns/$netns" chroot "$root" "$@" </dev/null
