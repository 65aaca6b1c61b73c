"""What is told of a value that a model refuses: pydantic's kinds of error in words that can be translated."""

from __future__ import annotations

from pydantic_core import ErrorDetails

from govcloud.core.language import mark, tr

_MESSAGES = {
    "string_type": mark("must be text"),
    "string_too_short": mark("must have {min_length} characters or more"),
    "string_too_long": mark("must have {max_length} characters or fewer"),
    "string_pattern_mismatch": mark("must match {pattern}"),
    "int_type": mark("must be a whole number"),
    "int_parsing": mark("must be a whole number"),
    "int_parsing_size": mark("must be a smaller number"),
    "int_from_float": mark("must be a whole number"),
    "decimal_type": mark("must be a number"),
    "decimal_parsing": mark("must be a number"),
    "finite_number": mark("must be a number"),
    "bool_type": mark("must be true or false"),
    "bool_parsing": mark("must be true or false"),
    "greater_than_equal": mark("must be {ge} or more"),
    "less_than_equal": mark("must be {le} or less"),
    "multiple_of": mark("must be a multiple of {multiple_of}"),
    "enum": mark("must be one of {expected}"),
    "literal_error": mark("must be one of {expected}"),
    "date_type": mark("must be a date, as 2019-09-09"),
    "date_parsing": mark("must be a date, as 2019-09-09"),
    "date_from_datetime_parsing": mark("must be a date, as 2019-09-09"),
    "date_from_datetime_inexact": mark("must be a date, as 2019-09-09"),
    "dict_type": mark("must be a mapping"),
    "model_type": mark("must be a mapping"),
    "tuple_type": mark("must be a list"),
    "too_short": mark("must have {min_length} entries or more"),
    "too_long": mark("must have {max_length} entries or fewer"),
    "ip_any_network": mark("must be a network, its host part zero"),
    "ip_v4_network": mark("must be an IPv4 network, its host part zero"),
    "ip_v6_network": mark("must be an IPv6 network, its host part zero"),
    "endpoint": mark("must be an address with a port, as 192.0.2.1:51820 or [2001:db8::1]:51820"),
    "state_backend": mark(
        "must be postgres://user@host:port/database, its password elsewhere (PGPASSWORD, PGPASSFILE)"
    ),
}


def told(detail: ErrorDetails) -> str:
    """Return what is wrong with a value; for a kind that no model is known to have, in pydantic's own words."""
    message = _MESSAGES.get(detail["type"])
    if message is None:
        return detail["msg"][:1].lower() + detail["msg"][1:]
    return tr(message, **detail.get("ctx", {})) if "{" in message else tr(message)
