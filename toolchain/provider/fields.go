package main

import "github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfbridge"

// The published package renames hardly anything beyond the bridge's own rules (camel
// case, plurals for lists). Each rename stands here with its reason; a test compares
// every property of every resource and function with the package.
var resourceFields = map[string]map[string]*tfbridge.SchemaInfo{
	// The package's choice: "outputs" already means the results of a Pulumi stack.
	"openstack_orchestration_stack_v1": {
		"outputs": {Name: "StackOutputs"},
	},
}
