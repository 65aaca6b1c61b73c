"""What a plan must not hold: rules over resources, judged before anything happens and again over what is there.

`pulumi preview --policy-pack compliance/policy_pack` runs them while Pulumi plans, `govcloud policy check` over saved
plans and exported states. Both turn what they have into the same records (`resource.py`), so both come to the same
verdicts.
"""
