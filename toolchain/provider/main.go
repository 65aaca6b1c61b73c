// Command pulumi-resource-openstack is Pulumi's resource plugin for OpenStack:
// the Terraform provider of that name behind Pulumi's bridge, with the tokens and
// property names of the published Python package pulumi_openstack.
//
// It is built from Go modules because the published plugin is a download that a
// machine with nothing but package registries cannot reach.
package main

import (
	"fmt"
	"os"

	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfbridge"
)

// version is set by the linker; the engine compares it with what programs ask for.
var version string

func main() {
	endWithParent()
	info, err := providerInfo(version)
	if err != nil {
		fmt.Fprintln(os.Stderr, "pulumi-resource-openstack:", err)
		os.Exit(1)
	}
	schema, err := packageSchema(info)
	if err != nil {
		fmt.Fprintln(os.Stderr, "pulumi-resource-openstack:", err)
		os.Exit(1)
	}
	tfbridge.Main(info.Name, version, info, schema)
}
