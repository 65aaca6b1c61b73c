#!/bin/sh
# Makes a bootstrapped Debian the plain image; runs inside its root.
set -eu

useradd --create-home --shell /bin/bash --uid 1000 debian
chmod 0440 /etc/sudoers.d/90-operator
rm -f /etc/apt/sources.list

# Each server gets an identity of its own at first boot.
rm -f /etc/ssh/ssh_host_* /var/lib/dbus/machine-id
: > /etc/machine-id

# A container has no kernel, no terminal and no clock of its own, and fetches packages only when told to.
systemctl mask apt-daily.timer apt-daily-upgrade.timer getty@tty1.service console-getty.service systemd-timesyncd.service
systemctl enable systemd-networkd.service
rm -rf /var/lib/apt/lists/* /var/cache/apt/*.bin
# Empty as it is the index is old, not young: who installs something reads it first.
touch --date=1970-01-02 /var/lib/apt/lists
