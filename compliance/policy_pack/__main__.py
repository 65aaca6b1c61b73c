"""What `pulumi --policy-pack compliance/policy_pack` runs. The rules stand in `compliance/policy`.

The folder holds nothing else: Pulumi puts it on Python's path, where a module of ours would hide one of Python's own.
"""

from compliance.policy.pulumi_pack import serve

serve()
