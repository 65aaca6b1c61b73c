"""The compute driver of the lab: every server is a systemd host in a systemd-nspawn container.

What keeps a guest from the machine, and what does not: it never has the capabilities SYS_TIME, SYS_MODULE, SYS_RAWIO,
MKNOD and SYSLOG; nspawn's system call filter refuses what belongs to them; a device filter above its own cgroup lets it
open only the harmless devices and its own volumes; /proc and /sys are read-only but for the network. It stays root
on the machine's kernel with SYS_ADMIN and without a user namespace (volumes could not be mounted otherwise), so a guest
that means harm can do it: the lab is for one's own software only.
"""
