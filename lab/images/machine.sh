#!/bin/sh
# Makes the plain image a virtual machine's; runs inside its root. The kernel and its RAM disk are left in /boot.
set -eu

chmod 0755 /usr/local/sbin/config-drive
systemctl enable config-drive.service user-data.service
# Each process at boot costs a tenth of a second; these find nothing to do, or load what the kernel loads when asked.
systemctl mask serial-getty@ttyS0.service e2scrub_reap.service e2scrub_all.timer systemd-binfmt.service \
    systemd-pstore.service modprobe@configfs.service modprobe@dm_mod.service modprobe@drm.service \
    modprobe@efi_pstore.service modprobe@fuse.service modprobe@loop.service
: > /etc/cloud/cloud-init.disabled
: > /etc/resolv.conf

# A RAM disk with nothing but the root disk's drivers: Debian's own takes udev along, seconds on an emulated processor.
kernel=$(ls /lib/modules)
depmod "$kernel"
ram=$(mktemp -d)
mkdir -p "$ram/bin" "$ram/dev" "$ram/root" "$ram/modules.d"
install -m 0755 /usr/local/lib/govcloud/init "$ram/init"
cp /bin/busybox "$ram/bin/busybox"
for driver in virtio_pci virtio_blk; do
    modprobe --set-version "$kernel" --show-depends "$driver"
done | while read -r _ module _; do
    [ -e "$ram/modules.d/${module##*/}" ] || echo "/modules.d/${module##*/}" >> "$ram/modules"
    cp "$module" "$ram/modules.d/"
done
(cd "$ram" && find . | cpio --quiet --create --format=newc --owner=0:0 > /boot/ram-disk)
mv "/boot/vmlinuz-$kernel" /boot/kernel
rm -rf "$ram" /usr/local/lib/govcloud
rm -rf /dev/*
