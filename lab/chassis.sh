#!/bin/sh
# One chassis: a userspace switch with its bridges; the switch is this process, restarted when it dies.
# usage: chassis.sh NAME RUNDIR TUNNEL_ADDRESS  (in the chassis' network namespace, OVS_RUNDIR set)
set -eu
name=$1 db=unix:/run/$2/db.sock address=$3
number=${name#compute-}
vsctl() { ovs-vsctl --no-wait --db="$db" "$@"; }
vsctl init
vsctl set open . external-ids:system-id="$name" external-ids:hostname="$name" \
  external-ids:ovn-remote=unix:/run/ovn/sb.sock external-ids:ovn-encap-type=geneve \
  external-ids:ovn-encap-ip="$address" external-ids:ovn-bridge-mappings=internet:br-ex \
  external-ids:ovn-bridge-datapath-type=netdev external-ids:ovn-monitor-all=true
# The first chassis is the gateway to the external network and answers for all floating addresses.
[ "$number" != 1 ] || vsctl set open . external-ids:ovn-cms-options=enable-chassis-as-gw
for bridge in br-int br-ex br-tun; do
  vsctl --may-exist add-br $bridge -- set bridge $bridge datapath_type=netdev
done
vsctl set bridge br-int fail_mode=secure -- --may-exist add-port br-tun "tunnel-$number" \
  -- --may-exist add-port br-ex "provider-$number"
[ "$number" != 1 ] || vsctl --may-exist add-port br-ex external-ovs
# The bridge's own port carries the tunnel's address (a userspace switch tunnels only out of a bridge) and is new each
# time the switch starts.
(
  tries=0
  until ip link show br-tun >/dev/null 2>&1; do
    tries=$((tries + 1))
    [ $tries -lt 600 ] || exit 1
    sleep 0.05
  done
  ip address replace "$address/24" dev br-tun
  ip link set br-tun mtu 1600 up
  ip link set br-ex up
) &
exec /usr/sbin/ovs-vswitchd "$db" --unixctl="/run/$2/vswitchd.ctl" -vconsole:info
