package main

import (
	"fmt"

	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfbridge"
	shimv2 "github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfshim/sdk-v2"
	"github.com/pulumi/pulumi/sdk/v3/go/common/tokens"
	"github.com/terraform-provider-openstack/terraform-provider-openstack/v3/openstack"
)

// longestName is what OpenStack's databases hold.
const longestName = 255

// providerInfo tells the bridge which token and which property names stand for each
// Terraform resource and data source. A name without a line in the mapping is an
// error, so that a new version of the Terraform provider cannot lose one silently.
func providerInfo(version string) (tfbridge.ProviderInfo, error) {
	info := tfbridge.ProviderInfo{
		P:                       shimv2.NewProvider(openstack.Provider()),
		Name:                    "openstack",
		Version:                 version,
		Description:             "Manages the resources of an OpenStack cloud.",
		GitHubOrg:               "terraform-provider-openstack",
		TFProviderModuleVersion: "v3",
		MetadataInfo:            tfbridge.NewProviderMetadata([]byte("{}")),
		Resources:               map[string]*tfbridge.ResourceInfo{},
		DataSources:             map[string]*tfbridge.DataSourceInfo{},
	}
	entries, err := mapping()
	if err != nil {
		return info, err
	}
	for _, one := range entries {
		switch one.kind {
		case "resource":
			addResource(&info, one)
		case "function":
			addFunction(&info, one)
		}
	}
	if err := complete(info); err != nil {
		return info, err
	}
	info.SetAutonaming(longestName, "-")
	return info, nil
}

func addResource(info *tfbridge.ProviderInfo, one entry) {
	described := &tfbridge.ResourceInfo{Tok: tokens.Type(one.token), Fields: resourceFields[one.terraform]}
	info.Resources[one.terraform] = described
	if one.former != "" {
		info.RenameResourceWithAlias(one.terraform, tokens.Type(one.former), described.Tok,
			module(one.former), module(one.token), described)
	}
}

func addFunction(info *tfbridge.ProviderInfo, one entry) {
	described := &tfbridge.DataSourceInfo{Tok: tokens.ModuleMember(one.token)}
	info.DataSources[one.terraform] = described
	if one.former != "" {
		info.RenameDataSource(one.terraform, tokens.ModuleMember(one.former), described.Tok,
			module(one.former), module(one.token), described)
	}
}

func complete(info tfbridge.ProviderInfo) error {
	provider := openstack.Provider()
	for name := range provider.ResourcesMap {
		if info.Resources[name] == nil {
			return fmt.Errorf("mapping.txt has no line for resource %s", name)
		}
	}
	for name := range provider.DataSourcesMap {
		if info.DataSources[name] == nil {
			return fmt.Errorf("mapping.txt has no line for function %s", name)
		}
	}
	return nil
}
