"""The services of the lab: what runs, in which order, with which settings. Rendering and starting both read it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

# Nova's settings for whoever may use its databases; compute hosts may not.
NOVA_WITH_DATABASE = "--config-file /etc/nova/nova.conf --config-file /etc/nova/database.conf"
NOVA_API_FILES = "api-paste.ini;nova.conf;database.conf"
# Where Python finds what is ours, and before all else what every process begins with.
CODE = "/code/lab/startup:/code"
# Steps that are no process, which services need: done by the command line when what they need is ready themselves.
BOOTSTRAP = "keystone-bootstrap"
CATALOGUE = "catalogue"


@dataclass(frozen=True, kw_only=True)
class Service:
    """One supervised process.

    `needs` names services that must be ready before it starts. A service with a `port` and a `module` is a WSGI
    application behind uwsgi, in `processes` of its own. `keeps_children`: what it started outlives it (guests outlive
    nova-compute).
    """

    name: str
    command: str
    needs: tuple[str, ...] = ()
    port: int | None = None
    module: str | None = None
    processes: int = 1
    environment: Mapping[str, str] = field(default_factory=dict)
    keeps_children: bool = False


@dataclass(frozen=True, kw_only=True)
class Host:
    """One compute host with its chassis: a switch of its own, in the lab's main network namespace or in another.

    `machines`: it runs virtual machines beside containers. libvirt connects them to the switch at OVS' default socket,
    in its own network namespace: the first host's.
    """

    name: str
    ovs: str
    my_ip: str
    tunnel_address: str
    netns: str = ""
    machines: bool = False


HOSTS = (
    Host(name="compute-1", ovs="ovs1", my_ip="127.0.0.1", tunnel_address="10.254.0.1", machines=True),
    Host(name="compute-2", ovs="ovs2", my_ip="127.0.0.2", tunnel_address="10.254.0.2", netns="compute-2"),
)


def _wsgi(name: str, port: int, module: str, *needs: str, processes: int = 1, **environment: str) -> Service:
    return Service(
        name=name,
        command=f"/opt/openstack/bin/uwsgi --ini /state/etc/uwsgi/{name}.ini",
        port=port,
        module=module,
        processes=processes,
        needs=needs,
        environment=environment,
    )


def _python(name: str, *needs: str, arguments: str = "", **environment: str) -> Service:
    command = f"/opt/openstack/bin/{name} {arguments}".strip()
    return Service(name=name, command=command, needs=needs, environment=environment)


def _infrastructure() -> list[Service]:
    rabbit = {
        "HOME": "/state/rabbitmq",
        "RABBITMQ_NODENAME": "rabbit@localhost",
        "RABBITMQ_MNESIA_BASE": "/state/rabbitmq/mnesia",
        "RABBITMQ_LOG_BASE": "/state/log",
        "RABBITMQ_CONFIG_FILE": "/state/etc/rabbitmq.conf",
        "RABBITMQ_ENABLED_PLUGINS_FILE": "/state/etc/rabbitmq-plugins",
        "RABBITMQ_PID_FILE": "/run/rabbitmq.pid",
        "ERL_EPMD_ADDRESS": "127.0.0.1",
        # Busy waiting of the Erlang machine costs a core that nobody here has to spare.
        "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "+S 2:2 +sbwt none +sbwtdcpu none +sbwtdio none",
    }
    return [
        Service(name="mariadb", command="/usr/sbin/mariadbd --defaults-file=/state/etc/mariadb.cnf"),
        Service(name="rabbitmq", command="/usr/lib/rabbitmq/bin/rabbitmq-server", environment=rabbit),
        Service(name="memcached", command="/usr/bin/memcached -u root -l 127.0.0.1 -p 11211 -m 64"),
    ]


def _mirror() -> Service:
    return Service(
        name="mirror",
        command="/opt/openstack/bin/python /code/lab/drivers/mirror.py %(ENV_GOVCLOUD_MIRROR)s 80"
        " /state/etc/mirror.conf",
    )


def _time() -> Service:
    """Return the city's time server. It passes the machine's time on (-x: it sets no clock)."""
    return Service(name="time", command="/usr/sbin/chronyd -x -d -f /state/etc/time.conf")


def _province() -> Service:
    """Return the province's edge, with which the city's border router speaks."""
    inside = "unshare --mount --pid --fork --kill-child=KILL /bin/sh /code/lab/province.sh"
    return Service(name="province", command=f"/usr/sbin/ip netns exec province {inside}")


def _network() -> list[Service]:
    def database(name: str, file: str, socket: str) -> Service:
        command = f"/usr/sbin/ovsdb-server {file} --remote=punix:{socket} --unixctl={socket}.ctl -vconsole:warn"
        return Service(name=name, command=command)

    # Northbound and southbound are two processes: OVSDB locks belong to a process, and octavia's OVN provider takes one
    # name on both sides (docs/learned-the-hard-way.md).
    found = [
        database("ovn-northbound", "/state/ovs/nb.db", "/run/ovn/nb.sock"),
        database("ovn-southbound", "/state/ovs/sb.db", "/run/ovn/sb.sock"),
        Service(
            name="ovn-northd",
            command="/usr/bin/ovn-northd --ovnnb-db=unix:/run/ovn/nb.sock --ovnsb-db=unix:/run/ovn/sb.sock"
            " --unixctl=/run/ovn/northd.ctl -vconsole:warn",
            needs=("ovn-northbound", "ovn-southbound"),
            environment={"OVN_RUNDIR": "/run/ovn"},
        ),
    ]
    for host in HOSTS:
        run = {"OVS_RUNDIR": f"/run/{host.ovs}", "OVN_RUNDIR": f"/run/{host.ovs}"}
        inside = f"/usr/sbin/ip netns exec {host.netns} " if host.netns else ""
        socket = f"/run/{host.ovs}/db.sock"
        found += [
            database(f"ovsdb-{host.name}", f"/state/ovs/{host.name}.db", socket),
            Service(
                name=f"vswitchd-{host.name}",
                command=f"{inside}/bin/sh /code/lab/chassis.sh {host.name} {host.ovs} {host.tunnel_address}",
                needs=(f"ovsdb-{host.name}", "ovn-southbound"),
                environment=run,
            ),
            Service(
                name=f"ovn-controller-{host.name}",
                command=f"{inside}/usr/bin/ovn-controller unix:{socket} -vconsole:info",
                needs=(f"vswitchd-{host.name}", "ovn-southbound"),
                environment=run,
            ),
        ]
    return found


def _openstack() -> list[Service]:
    data = ("mariadb", "memcached", BOOTSTRAP)
    accounts = (CATALOGUE, "rabbitmq")
    neutron = "--config-file /etc/neutron/neutron.conf --config-file /etc/neutron/ml2_conf.ini"
    compute = "--config-file /etc/nova/nova.conf --config-file /etc/nova/{}.conf"
    found = [
        _wsgi("keystone", 5000, "keystone.wsgi.api", *data, OS_KEYSTONE_CONFIG_FILES="/etc/keystone/keystone.conf"),
        _wsgi("placement", 8778, "placement.wsgi.api", CATALOGUE),
        _wsgi("glance", 9292, "glance.wsgi.api", *accounts),
        _wsgi(
            "neutron",
            9696,
            "lab.drivers.neutron_api",
            *(*accounts, "ovn-northd"),
            # Half of all work on a city that is being built is neutron's: one process would keep the others waiting.
            processes=2,
            OS_NEUTRON_CONFIG_FILES="neutron.conf;ml2_conf.ini",
            PYTHONPATH=CODE,
        ),
        _wsgi("nova", 8774, "nova.wsgi.osapi_compute", *accounts, OS_NOVA_CONFIG_FILES=NOVA_API_FILES),
        _wsgi("nova-metadata", 8775, "nova.wsgi.metadata", *accounts, OS_NOVA_CONFIG_FILES=NOVA_API_FILES),
        _wsgi("cinder", 8776, "cinder.wsgi.api", *accounts),
        _wsgi("barbican", 9311, "barbican.wsgi.api", *accounts),
        _wsgi("octavia", 9876, "octavia.wsgi.api", *accounts, "octavia-driver-agent"),
        _python("neutron-ovn-maintenance-worker", *accounts, "ovn-northd", arguments=neutron),
        _python("nova-conductor", *accounts, arguments=NOVA_WITH_DATABASE),
        _python("nova-scheduler", *accounts, "placement", arguments=NOVA_WITH_DATABASE),
        _python("cinder-scheduler", *accounts),
        _python("cinder-volume", *accounts, PYTHONPATH=CODE),
        _python("octavia-driver-agent", *accounts, "ovn-northd"),
    ]
    for host in HOSTS:
        found.append(
            Service(
                name=f"nova-{host.name}",
                command=f"/opt/openstack/bin/python /code/lab/drivers/nova_compute.py {compute.format(host.name)}",
                needs=(
                    *("nova-conductor", "neutron", "placement", "glance", f"ovn-controller-{host.name}"),
                    *(("libvirtd",) if host.machines else ()),
                ),
                # libvirt's binding is Debian's: it goes with Debian's library.
                environment={"PYTHONPATH": f"{CODE}:/usr/lib/python3-libvirt" if host.machines else CODE},
                keeps_children=True,
            )
        )
        found.append(
            Service(
                name=f"metadata-{host.name}",
                command=_in_own_netns_directory(host, f"--config-file /etc/neutron/metadata-{host.name}.ini"),
                needs=(f"ovn-controller-{host.name}", "neutron"),
            )
        )
    return found


def _in_own_netns_directory(host: Host, arguments: str) -> str:
    """Both agents make a network namespace of the same name for a network; the second gets a /run/netns of its own."""
    agent = f"/opt/openstack/bin/python /code/lab/drivers/metadata_agent.py {arguments}"
    if not host.netns:
        return agent
    inside = f"mount -t tmpfs tmpfs /run/netns && exec {agent}"
    return f"/usr/bin/nsenter --net=/run/netns/{host.netns} /usr/bin/unshare -m /bin/sh -c '{inside}'"


def _machines() -> Service:
    """Return libvirt's one daemon; virtual machines are no children of it and outlive it."""
    return Service(name="libvirtd", command="/usr/sbin/libvirtd", keeps_children=True)


def _objects() -> list[Service]:
    storage = [
        Service(
            name=f"swift-{kind}",
            command=f"/opt/openstack/bin/swift-{kind}-server /etc/swift/{kind}.conf",
        )
        for kind in SWIFT_PORTS
    ]
    proxy = Service(
        name="swift-proxy",
        command="/opt/openstack/bin/swift-proxy-server /etc/swift/proxy.conf",
        needs=(CATALOGUE, *(f"swift-{kind}" for kind in SWIFT_PORTS)),
        port=8080,
        environment={"PYTHONPATH": CODE},
    )
    return [*storage, proxy]


SWIFT_PORTS = {"account": 6202, "container": 6201, "object": 6200}
SERVICES: tuple[Service, ...] = (
    *_infrastructure(),
    _mirror(),
    _time(),
    _province(),
    *_network(),
    _machines(),
    *_openstack(),
    *_objects(),
)
