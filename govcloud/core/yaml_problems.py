"""What libyaml says of a file that is not YAML: its own sentences, listed so that they can be translated."""

from __future__ import annotations

from govcloud.core.language import mark

KNOWN = (
    mark("did not find expected key"),
    mark("did not find expected node content"),
    mark("did not find expected ',' or '}'"),
    mark("did not find expected ',' or ']'"),
    mark("did not find expected '-' indicator"),
    mark("did not find expected <document start>"),
    mark("did not find expected alphabetic or numeric character"),
    mark("did not find expected whitespace or line break"),
    mark("did not find URI escaped octet"),
    mark("could not find expected ':'"),
    mark("mapping values are not allowed in this context"),
    mark("mapping keys are not allowed in this context"),
    mark("block sequence entries are not allowed in this context"),
    mark("found character that cannot start any token"),
    mark("found unexpected end of stream"),
    mark("found unexpected ':'"),
    mark("found undefined alias"),
    mark("found undefined tag handle"),
    mark("found duplicate anchor"),
    mark("found unknown escape character"),
    mark("found a tab character that violates indentation"),
    mark("found unexpected document indicator"),
    mark("found unexpected non-alphabetical character"),
    mark("found incompatible YAML document"),
    mark("found unknown directive name"),
    mark("found extra whitespace"),
    mark("but found another document"),
    mark("control characters are not allowed"),
    mark("did not find expected comment or line break"),
)
