#!/bin/sh
# Installs OpenStack into an environment of its own, with the root file system's own Python.
# usage: install-openstack.sh ROOT TARGET UV UV_CACHE LOCK  (in a mount namespace of its own; nothing here outlives it)
set -eu
root=$1 target=$2 uv=$3 uv_cache=$4 lock=$5
mount --make-rprivate /
mount --bind "$root" "$root"
cd "$root"
mount -t proc proc "$root/proc"
mount -t tmpfs tmpfs "$root/run"
mount -t tmpfs tmpfs "$root/tmp"
mount --rbind /dev "$root/dev"
mount --bind "$target" "$root/opt/openstack"
mkdir -p "$root/run/uv-cache" "$uv_cache"
touch "$root/run/uv" "$root/run/resolv.conf" "$root/run/openstack.txt"
mount --bind "$uv" "$root/run/uv"
mount --bind "$uv_cache" "$root/run/uv-cache"
mount --bind "$lock" "$root/run/openstack.txt"
# The machine's way to the Python index: its certificates, its resolver, its uv settings.
for path in /etc/ssl/certs /etc/hosts /etc/uv; do
  if [ -e "$path" ] && [ -e "$root$path" ]; then mount --bind "$path" "$root$path"; fi
done
cp -L /etc/resolv.conf "$root/run/resolv.conf"
export UV_CACHE_DIR=/run/uv-cache UV_LINK_MODE=copy VIRTUAL_ENV=/opt/openstack HOME=/tmp
export PATH=/usr/sbin:/usr/bin:/sbin:/bin
chroot "$root" /run/uv venv --quiet --allow-existing --python /usr/bin/python3.11 /opt/openstack
# Byte code now: the environment is read-only in the lab.
chroot "$root" /run/uv pip sync --quiet --require-hashes --compile-bytecode /run/openstack.txt
# The database's driver in C is Debian's; OpenStack's environment must see no other of Debian's Python packages.
ln -s /usr/lib/python3/dist-packages/MySQLdb "$target/lib/python3.11/site-packages/MySQLdb"
