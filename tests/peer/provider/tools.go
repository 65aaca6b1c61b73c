//go:build tools

// Package tools names the one command that this module exists to build, so that
// its requirements are kept.
package tools

import _ "github.com/terraform-provider-openstack/terraform-provider-openstack/v3"
