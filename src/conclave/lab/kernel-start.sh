#!/bin/bash
# Starts user-mode-linux under its own name. A reboot from within calls that name again in the same process: what the
# former kernel has open goes first, for it would keep the interfaces to itself.
for file in /proc/self/fd/*; do
    number=${file##*/}
    if [ "$number" -gt 2 ]; then exec {number}>&-; fi
done
exec -a linux.uml /usr/bin/linux.uml "$@"
