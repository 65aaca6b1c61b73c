#!/bin/sh
# Runs one guest until it powers off: `runner.sh UUID`, in the guest's directory, in a session of its own.
#
# A shell, because it stands beside every guest all its life. It works by its current directory alone: a live migration
# renames that directory while it runs. The files `cgroups` and `arguments` are the driver's; `arguments` is read
# anew at each start, so that a volume attached meanwhile is there after a reboot from inside.
set -u
REBOOT=133

echo $$ > pid
while read -r procs; do
    echo $$ > "$procs" || { echo cgroup > ended; exit 1; }
done < cgroups

export SYSTEMD_NSPAWN_API_VFS_WRITABLE=network SYSTEMD_NSPAWN_UNIFIED_HIERARCHY=1
while [ ! -e stop ]; do
    set --
    while read -r argument; do
        set -- "$@" "$argument"
    done < arguments
    systemd-nspawn "$@" --directory="$(readlink /proc/self/cwd)/root" < /dev/null >> console.log 2>&1
    code=$?
    [ $code -eq $REBOOT ] || break
done
# In this order: without the first file the guest counts as off, and may be started anew by the second.
echo "${code:-stopped}" > ended
rm -f pid
