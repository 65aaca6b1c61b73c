"""Who may do what in the cloud itself: access, credentials, quotas."""

from __future__ import annotations

from collections.abc import Iterator

from compliance.policy.city import City
from compliance.policy.resource import NotApplicable, Resource
from compliance.policy.rule import rule
from govcloud.core.language import mark, tr

PROJECT = "identity.Project"
CREDENTIAL = "identity.ApplicationCredential"
PROVIDER = "providers.openstack"
_QUOTAS = ("compute.QuotaSetV2", "blockstorage.QuoteSetV3", "networking.QuotaV2")
_NOT_NUMBERS = frozenset({"id", "projectId", "region"})
_SIGNS_IN = ("password", "token", "applicationCredentialSecret", "userName", "userId")


@rule(
    "quota-limited",
    mark("Every quota is a number"),
    "8.1.2.1 a, 8.2.5.1 a",
    *_QUOTAS,
    "loadbalancer.Quota",
    place="",
    fix=mark("take it from the inventory"),
    alone=True,
)
def limited(one: Resource, _: City) -> Iterator[str]:
    """Refuse a department that may take everything from the others."""
    unlimited = [name for name in one.values if name not in _NOT_NUMBERS and one.get(name, 0) == -1]
    if unlimited:
        yield tr("is without limit in {names}", names=", ".join(sorted(unlimited)))


@rule(
    "quota-present",
    mark("Every project has quotas for servers, volumes and networks"),
    "8.1.2.1 a, 8.2.5.1 a",
    PROJECT,
    place="",
    fix=mark("make a project with its quotas"),
)
def present(one: Resource, city: City) -> Iterator[str]:
    """Refuse a project that lives by the cloud's defaults."""
    missing = [kind for kind in _QUOTAS if not city.referring(one, "projectId", kind)]
    if missing:
        yield tr("has no {names}", names=", ".join(missing))


@rule(
    "credential-restricted",
    mark("An application credential cannot make others"),
    "8.1.4.2 d",
    CREDENTIAL,
    place="",
    fix=mark("leave `unrestricted` out"),
    alone=True,
)
def restricted(one: Resource, _: City) -> Iterator[str]:
    """Refuse credentials that can outlive their own withdrawal."""
    if one.get("unrestricted") is True:
        yield tr("is unrestricted")
    if not len(one.many("roles")):
        yield tr("names no roles and has all of its user's")


@rule(
    "credential-expires",
    mark("An application credential ends"),
    "8.1.4.2 c, 8.1.10.6 b",
    CREDENTIAL,
    place="",
    fix=mark("give it an end; `govcloud credentials` renews the departments'"),
    alone=True,
)
def expires(one: Resource, _: City) -> Iterator[str]:
    """Refuse credentials that live for ever."""
    if "expiresAt" not in one.values:
        yield tr("never ends")


@rule(
    "account-outside",
    mark("Accounts and roles are not made by a plan"),
    "8.1.4.1 a, 8.1.10.6 b",
    "identity.User",
    "identity.Ec2CredentialV3",
    "identity.RoleAssignment",
    "identity.InheritRoleAssignment",
    "identity.UserMembershipV3",
    place="",
    fix=mark("let the administrator of accounts make it; `govcloud credentials` does it for departments"),
    alone=True,
)
def account(one: Resource, city: City) -> Iterator[str]:
    """Refuse what would stand in Pulumi's state with its password, and a department that gives itself a role."""
    if one.kind.endswith("RoleAssignment") and city.unit.department is None:
        raise NotApplicable(tr("is a role that the platform gives"))
    yield tr("is a {kind}", kind=one.kind)


@rule(
    "key-own",
    mark("A key pair's private half was never in the cloud"),
    "8.1.4.1 d",
    "compute.Keypair",
    place=":environments/{env}.operator_public_key",
    fix=mark("give the public half of a key that its owner made"),
    alone=True,
)
def own_key(one: Resource, _: City) -> Iterator[str]:
    """Refuse pairs that nova makes: their private half goes into the state."""
    if "publicKey" not in one.values:
        yield tr("lets the cloud make the private half")
    elif not one.text("publicKey").startswith(("ssh-ed25519 ", "ecdsa-sha2-", "ssh-rsa ", "sk-")):
        yield tr("is not the public half of a key pair")


@rule(
    "access-by-name",
    mark("The plan names its cloud and holds no sign-in"),
    "8.1.4.8 b, 8.1.4.2 e",
    PROVIDER,
    place="",
    fix=mark("name an entry of clouds.yaml (`openstack:cloud`)"),
    alone=True,
)
def by_name(one: Resource, _: City) -> Iterator[str]:
    """Refuse credentials in a program or in a stack's settings."""
    given = [name for name in _SIGNS_IN if name in one.values]
    if given:
        yield tr("holds {names}", names=", ".join(given))
    if "cloud" not in one.values:
        yield tr("names no cloud and takes the access of whoever runs it")


@rule(
    "access-verified",
    mark("The cloud's certificate is checked"),
    "8.2.4.1 a, 8.1.2.2 a",
    PROVIDER,
    place="",
    fix=mark("give the authority's certificate (`cacert_file`) instead"),
    alone=True,
)
def verified(one: Resource, _: City) -> Iterator[str]:
    """Refuse to speak to whoever answers."""
    if str(one.get("insecure", "false")).lower() == "true":
        yield tr("speaks to a cloud whose certificate is not checked")
