#!/bin/sh
# Fills TARGET with a MariaDB data directory that holds every service's schema and no account, no secret.
# usage: migrate-schemas.sh ROOT OPENSTACK TARGET  (in mount, pid, net and ipc namespaces of its own)
set -eu
root=$1 openstack=$2 target=$3
mount --make-rprivate /
mount --bind "$root" "$root"
mount --bind "$openstack" "$root/opt/openstack"
mount -t proc proc "$root/proc"
mount -t tmpfs tmpfs "$root/run"
mount -t tmpfs tmpfs "$root/tmp"
mount --rbind /dev "$root/dev"
mount --bind "$target" "$root/state"
ip link set lo up
exec chroot "$root" /bin/sh -eu <<'INSIDE'
export PATH=/opt/openstack/bin:/usr/sbin:/usr/bin:/sbin:/bin PYTHONWARNINGS=ignore HOME=/tmp
socket=/run/mysqld.sock
mariadb-install-db --no-defaults --datadir=/state --user=root --auth-root-authentication-method=socket --skip-test-db >/run/install.log 2>&1
mariadbd --no-defaults --user=root --datadir=/state --socket=$socket --skip-networking --character-set-server=utf8mb3 \
  --innodb-flush-log-at-trx-commit=0 --skip-log-bin --innodb-doublewrite=0 --performance-schema=OFF \
  --innodb-log-file-size=64M >/run/mariadb.log 2>&1 &
server=$!
tries=0
until mariadb -S $socket -e 'select 1' >/dev/null 2>&1; do
  tries=$((tries + 1))
  [ $tries -lt 600 ] || { cat /run/mariadb.log; exit 1; }
  sleep 0.1
done
for name in keystone placement glance barbican cinder nova nova_api nova_cell0 neutron octavia octavia_persistence; do
  echo "CREATE DATABASE $name CHARACTER SET utf8mb3;"
done | mariadb -S $socket
url() { echo "mysql+mysqldb://root@localhost/$1?unix_socket=$socket&charset=utf8"; }
conf() { printf '[%s]\nconnection = %s\n' "$2" "$(url "$1")" >"/run/$1.conf"; }
for name in keystone glance cinder neutron octavia; do conf $name database; done
conf placement placement_database
printf '[api_database]\nconnection = %s\n[database]\nconnection = %s\n[DEFAULT]\ntransport_url = rabbit://nobody:nobody@localhost:5672/\n' "$(url nova_api)" "$(url nova)" >/run/nova.conf
printf '[task_flow]\npersistence_connection = %s\n' "$(url octavia_persistence)" >>/run/octavia.conf
step() { name=$1; shift; "$@" >"/run/$name.log" 2>&1 || { echo "schema of $name:"; tail -n 40 "/run/$name.log"; exit 1; }; }
(
  step keystone keystone-manage --config-file /run/keystone.conf db_sync
  step placement placement-manage --config-file /run/placement.conf db sync
  step glance glance-manage --config-file /run/glance.conf db_sync
  step barbican barbican-db-manage --dburl "$(url barbican)" upgrade
  step cinder cinder-manage --config-file /run/cinder.conf db sync
) &
first=$!
(
  step nova_api nova-manage --config-file /run/nova.conf api_db sync
  # Addresses as templates: each lab fills in its own account when the rows are read.
  template='{scheme}://{username}:{password}@{hostname}:{port}'
  step nova_cell0 nova-manage --config-file /run/nova.conf cell_v2 map_cell0 --database_connection "$(url nova_cell0)"
  step nova_cell1 nova-manage --config-file /run/nova.conf cell_v2 create_cell --name cell1 --database_connection "$(url nova)" --transport-url "$template/"
  step nova nova-manage --config-file /run/nova.conf db sync
  mariadb -S $socket nova_api -e "UPDATE cell_mappings SET database_connection = IF(name = 'cell0', '$template/nova_cell0?{query}', '$template/nova?{query}'), transport_url = IF(name = 'cell0', 'none:///', '$template/');"
  step neutron neutron-db-manage --config-file /run/neutron.conf upgrade heads
  step octavia octavia-db-manage --config-file /run/octavia.conf upgrade head
  step octavia_persistence octavia-db-manage --config-file /run/octavia.conf upgrade_persistence
) &
second=$!
wait $first
wait $second
# A migration that quietly used another database would be found only when its service starts.
for name in keystone placement glance barbican cinder nova nova_api nova_cell0 neutron octavia octavia_persistence; do
  tables=$(mariadb -S $socket -Ne "select count(*) from information_schema.tables where table_schema = '$name'")
  [ "$tables" -ge 4 ] || { echo "database $name has only $tables tables"; exit 1; }
done
kill $server
wait $server || true
INSIDE
