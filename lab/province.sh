#!/bin/sh
# The province's edge, simulated (docs/simulated.md): Debian's FRR and WireGuard in a network namespace behind the
# provider's router, and one service that answers. It announces what it should not, has a way to every zone of the city
# and lets everything through: what stays closed is closed by the city. Everything here ends with this one process.
# usage: ip netns exec province unshare --mount --pid --fork --kill-child=KILL province.sh
set -eu
settings=/state/etc/province
mount -t proc proc /proc
for folder in /var/tmp /var/log/frr; do mount -t tmpfs tmpfs $folder; done
mount --bind $settings /etc/frr
# What a predecessor that was killed has left.
rm -rf /run/frr /run/wireguard
install -d -o frr -g frr /run/frr
ip address replace 10.32.1.20/32 dev lo
ip -6 address replace fd00:1300:1::20/128 dev lo
WG_QUICK_USERSPACE_IMPLEMENTATION=wireguard-go wg-quick up $settings/province.conf
/usr/lib/frr/frrinit.sh start
mkdir -p /run/province
exec /opt/openstack/bin/python -m http.server 8443 --bind :: --directory /run/province
