package main

import "github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfbridge"

// The published package renames few properties beyond the bridge's own rules (camel
// case, plurals for lists). Each rename stands here with its reason; a test compares
// every property of every resource and function with the package.
var resourceFields = map[string]map[string]*tfbridge.SchemaInfo{
	// Named by hand in the first version of the package, when a deprecated second
	// property took the plural; kept so that programs go on working.
	"openstack_networking_subnet_v2": {
		"allocation_pool": {Name: "allocationPools"},
	},
	// The bridge keeps "outputs" for itself on a resource called stack.
	"openstack_orchestration_stack_v1": {
		"outputs": {Name: "StackOutputs"},
	},
}

var functionFields = map[string]map[string]*tfbridge.SchemaInfo{}
