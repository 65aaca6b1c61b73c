#!/bin/sh
# First process of the lab's namespaces: makes the lab's own /, /dev, /sys, /run and network, gives up what no lab needs,
# and becomes the supervisor. Everything here ends with that one process.
# environment: LAB_ID ROOT OPENSTACK STATE CODE LINK_ADDRESS LINK_ADDRESS6 EXTERNAL_GATEWAY EXTERNAL_GATEWAY6 MIRROR_ADDRESS
#   PROVINCE_GATEWAY PROVINCE_ADDRESS
#   MACHINE_PID (a process of the machine's own network namespace)
set -eu
export PATH=/usr/sbin:/usr/bin:/sbin:/bin

# --- control groups: the services in one group, the guests beside it; per controller on v1, once on v2
if [ -f /sys/fs/cgroup/cgroup.controllers ]; then controllers=/sys/fs/cgroup; else controllers=$(echo /sys/fs/cgroup/*); fi
for controller in $controllers; do
  [ -f "$controller/cgroup.procs" ] || continue
  mkdir -p "$controller/$LAB_ID"
  if [ -f "$controller/$LAB_ID/devices.deny" ]; then
    # Device nodes of the machine are closed, wherever a node for them might be made; set before there are groups below,
    # later the kernel refuses. 1:3-9 null, zero, full, random, urandom; 5:0, 5:2 tty, ptmx; 136:* pseudo terminals;
    # 10:200 tun; 10:237 and 7:* loop.
    echo a >"$controller/$LAB_ID/devices.deny"
    for rule in 'c 1:3' 'c 1:5' 'c 1:7' 'c 1:8' 'c 1:9' 'c 5:0' 'c 5:2' 'c 136:*' 'c 10:200' 'c 10:237' 'b 7:*'; do
      echo "$rule rwm" >"$controller/$LAB_ID/devices.allow"
    done
  fi
  for group in "$LAB_ID" "$LAB_ID/services" "$LAB_ID/guests"; do
    mkdir -p "$controller/$group"
    if [ -f "$controller/cpuset.cpus" ]; then
      cat "$controller/cpuset.cpus" >"$controller/$group/cpuset.cpus"
      cat "$controller/cpuset.mems" >"$controller/$group/cpuset.mems"
    fi
  done
  echo $$ >"$controller/$LAB_ID/services/cgroup.procs"
done

# --- file systems
mount --make-rprivate /
mount --bind "$ROOT" "$ROOT"
mount -o remount,bind,ro "$ROOT"
cd "$ROOT"
mount -t proc -o nosuid,nodev,noexec proc "$ROOT/proc"
mount --rbind /sys/fs/cgroup "$ROOT/mnt"
mount -t sysfs -o nosuid,nodev,noexec sysfs "$ROOT/sys"
mount --move "$ROOT/mnt" "$ROOT/sys/fs/cgroup"
mount -t tmpfs -o mode=755,nosuid tmpfs "$ROOT/dev"
mount -t tmpfs -o mode=755,nosuid,nodev tmpfs "$ROOT/run"
mount -t tmpfs -o mode=1777,nosuid,nodev tmpfs "$ROOT/tmp"
mount --bind "$STATE" "$ROOT/state"
mount --bind "$OPENSTACK" "$ROOT/opt/openstack"
mount -o remount,bind,ro "$ROOT/opt/openstack"
mount -t tmpfs -o mode=755,nosuid,nodev tmpfs "$ROOT/code"
mkdir "$ROOT/code/lab"
mount --bind "$CODE" "$ROOT/code/lab"
mount -o remount,bind,ro "$ROOT/code/lab"

# --- devices of our own: the modes a guest sets on them change nothing on the machine
node() { mknod -m "$1" "$ROOT/dev/$2" "$3" "$4" "$5"; }
node 666 null c 1 3
node 666 zero c 1 5
node 666 full c 1 7
node 666 random c 1 8
node 666 urandom c 1 9
node 666 tty c 5 0
mkdir -p "$ROOT/dev/net" "$ROOT/dev/pts" "$ROOT/dev/shm"
node 666 net/tun c 10 200
node 660 loop-control c 10 237
number=0
while [ $number -lt 256 ]; do
  node 660 loop$number b 7 $number
  number=$((number + 1))
done
mount -t devpts -o newinstance,ptmxmode=0666,mode=620,nosuid,noexec devpts "$ROOT/dev/pts"
mount -t tmpfs -o mode=1777,nosuid,nodev tmpfs "$ROOT/dev/shm"
ln -s pts/ptmx "$ROOT/dev/ptmx"
ln -s /proc/self/fd "$ROOT/dev/fd"
ln -s /proc/self/fd/0 "$ROOT/dev/stdin"
ln -s /proc/self/fd/1 "$ROOT/dev/stdout"
ln -s /proc/self/fd/2 "$ROOT/dev/stderr"
# The mirror fetches with the machine's network, resolver and certificates; everything else stays inside.
cp -L /etc/resolv.conf "$ROOT/run/resolv.conf" 2>/dev/null || :
cp -L /etc/ssl/certs/ca-certificates.crt "$ROOT/run/machine-certificates.crt" 2>/dev/null || : >"$ROOT/run/machine-certificates.crt"
: >"$ROOT/run/machine-netns"
mount --bind "/proc/$MACHINE_PID/ns/net" "$ROOT/run/machine-netns"

mkdir "$ROOT/run/old-root"
pivot_root . run/old-root
umount -l /run/old-root
rmdir /run/old-root
mkdir -p /run/netns /run/ovs1 /run/ovs2 /run/ovn /run/octavia /run/lock /run/mysqld

# --- network: the machine puts eth0 here; the wait is for that
hostname "$LAB_ID"
ip link set lo up
tries=0
until ip link show eth0 >/dev/null 2>&1; do
  tries=$((tries + 1))
  [ $tries -lt 300 ] || { echo "the link to the machine did not come"; exit 1; }
  sleep 0.05
done
ip address add "$LINK_ADDRESS/30" dev eth0
ip link set eth0 up
ip -6 address add "$LINK_ADDRESS6/64" dev eth0 nodad
sysctl -q -w net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1

# The provider's router on the external network. A veth, not the bridge's own port: it keeps its address when the
# switch dies and comes back.
ip link add external type veth peer name external-ovs
ip link set external-ovs up
ip address add "$EXTERNAL_GATEWAY/24" dev external
# What the platform gives to all departments stands behind this router, in the management zone's network for that.
ip address add "$MIRROR_ADDRESS/32" dev lo
ip -6 address add "$EXTERNAL_GATEWAY6/64" dev external nodad
ip link set external up
# An address that moves to another chassis, or from a chassis to the gateway, changes its MAC: no neighbour is believed
# for the half minute that is the kernel's own.
sysctl -q -w net.ipv4.neigh.external.base_reachable_time_ms=2000 net.ipv4.neigh.external.delay_first_probe_time=1 \
  net.ipv6.neigh.external.base_reachable_time_ms=2000 net.ipv6.neigh.external.delay_first_probe_time=1
# The second chassis: a network namespace with a switch of its own, one link for tunnels, one to the external network.
ip netns add compute-2
ip -n compute-2 link set lo up
ip link add tunnel-1 mtu 1600 type veth peer name tunnel-2 mtu 1600 netns compute-2
ip link add provider-1 type veth peer name provider-2 netns compute-2
# A userspace switch reads these links as packet sockets and wants finished checksums.
for link in external external-ovs tunnel-1 provider-1; do ethtool -K $link tx off >/dev/null; ip link set $link up; done
for link in tunnel-2 provider-2; do
  ip netns exec compute-2 ethtool -K $link tx off >/dev/null
  ip -n compute-2 link set $link up
done
# The province's edge: a host of its own behind the provider's router.
ip netns add province
ip -n province link set lo up
ip link add province type veth peer name eth0 netns province
ip address add "$PROVINCE_GATEWAY/30" dev province
ip link set province up
ip -n province address add "$PROVINCE_ADDRESS/30" dev eth0
ip -n province link set eth0 up
ip -n province route add default via "$PROVINCE_GATEWAY"
nft -f /state/etc/nftables.conf

# --- become the supervisor, without what could reach past the lab
exec setpriv --bounding-set -sys_time,-sys_module,-sys_rawio,-mknod,-syslog,-wake_alarm \
  --inh-caps -sys_time,-sys_module,-sys_rawio,-mknod,-syslog,-wake_alarm \
  env -i PATH=/opt/openstack/bin:/usr/local/bin:$PATH HOME=/state LANG=C.UTF-8 PYTHONPATH=/code/lab/startup \
  GOVCLOUD_LAB_ID="$LAB_ID" GOVCLOUD_MIRROR="$MIRROR_ADDRESS" \
  /opt/openstack/bin/supervisord --nodaemon --configuration /state/etc/supervisord.conf
