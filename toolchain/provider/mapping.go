package main

import (
	_ "embed"
	"fmt"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/tokens"
)

//go:embed mapping.txt
var mappingText string

// entry is one line of mapping.txt.
type entry struct {
	kind, terraform, token, former string
}

// mapping reads the embedded table.
func mapping() ([]entry, error) {
	var entries []entry
	for number, line := range strings.Split(mappingText, "\n") {
		fields := strings.Fields(line)
		if len(fields) == 0 || fields[0] == "#" {
			continue
		}
		if len(fields) < 3 || len(fields) > 4 || (fields[0] != "resource" && fields[0] != "function") {
			return nil, fmt.Errorf("mapping.txt:%d: expected resource|function, a Terraform name, a token and perhaps a former token", number+1)
		}
		one := entry{kind: fields[0], terraform: fields[1], token: fields[2]}
		if len(fields) == 4 {
			one.former = fields[3]
		}
		entries = append(entries, one)
	}
	return entries, nil
}

// module is the part of a token that the SDKs use as a module name: "networking"
// of "openstack:networking/port:Port".
func module(token string) string {
	name := string(tokens.ModuleMember(token).Module().Name())
	return strings.SplitN(name, "/", 2)[0]
}
