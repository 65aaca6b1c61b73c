package main

import (
	"encoding/json"
	"strings"

	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfbridge"
	shim "github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfshim"
)

// The parts of Pulumi's package schema that `pulumi package get-schema` and our
// comparison with the Python package need: names and types, not documentation. It is
// computed from the same tables that the bridge works by, so it tells what the plugin
// does and cannot drift from it.
type (
	packageSpec struct {
		Name      string                  `json:"name"`
		Version   string                  `json:"version"`
		Meta      metaSpec                `json:"meta"`
		Config    configSpec              `json:"config"`
		Provider  resourceSpec            `json:"provider"`
		Types     map[string]objectSpec   `json:"types"`
		Resources map[string]resourceSpec `json:"resources"`
		Functions map[string]functionSpec `json:"functions"`
	}
	metaSpec struct {
		ModuleFormat string `json:"moduleFormat"`
	}
	configSpec struct {
		Variables map[string]typeSpec `json:"variables"`
	}
	objectSpec struct {
		Type       string              `json:"type,omitempty"`
		Properties map[string]typeSpec `json:"properties"`
		Required   []string            `json:"required,omitempty"`
	}
	resourceSpec struct {
		objectSpec
		InputProperties    map[string]typeSpec `json:"inputProperties"`
		RequiredInputs     []string            `json:"requiredInputs,omitempty"`
		DeprecationMessage string              `json:"deprecationMessage,omitempty"`
	}
	functionSpec struct {
		Inputs             objectSpec `json:"inputs"`
		Outputs            objectSpec `json:"outputs"`
		DeprecationMessage string     `json:"deprecationMessage,omitempty"`
	}
	typeSpec struct {
		Type       string    `json:"type,omitempty"`
		Ref        string    `json:"$ref,omitempty"`
		Items      *typeSpec `json:"items,omitempty"`
		Additional *typeSpec `json:"additionalProperties,omitempty"`
		Secret     bool      `json:"secret,omitempty"`
	}
)

// side selects which properties of a schema are listed: those that a program sets, those
// that it reads, or all of a block, whose one type serves both.
type side int

const (
	inputs side = iota
	outputs
	block
)

// packageSchema describes every token that the plugin serves.
func packageSchema(info tfbridge.ProviderInfo) ([]byte, error) {
	spec := packageSpec{
		Name: info.Name, Version: info.Version,
		// The module of "openstack:networking/port:Port" is what stands before the slash.
		Meta:      metaSpec{ModuleFormat: "(.*)(?:/[^/]*)"},
		Types:     map[string]objectSpec{},
		Resources: map[string]resourceSpec{},
		Functions: map[string]functionSpec{},
	}
	configured := spec.object("openstack:config/provider:Provider", info.P.Schema(), info.Config, inputs)
	spec.Config.Variables = configured.Properties
	spec.Provider = resourceSpec{objectSpec: configured, InputProperties: configured.Properties}
	for name, resource := range info.Resources {
		token, schema := string(resource.Tok), info.P.ResourcesMap().Get(name).Schema()
		given := spec.object(token, schema, resource.Fields, inputs)
		spec.Resources[token] = resourceSpec{
			objectSpec:      spec.object(token, schema, resource.Fields, outputs),
			InputProperties: given.Properties, RequiredInputs: given.Required,
			DeprecationMessage: resource.DeprecationMessage,
		}
	}
	for name, function := range info.DataSources {
		token, schema := string(function.Tok), info.P.DataSourcesMap().Get(name).Schema()
		spec.Functions[token] = functionSpec{
			Inputs:             spec.object(token, schema, function.Fields, inputs),
			Outputs:            spec.object(token, schema, function.Fields, outputs),
			DeprecationMessage: function.DeprecationMessage,
		}
	}
	return json.Marshal(spec)
}

// object lists the properties of one schema. The id of a resource is the engine's own
// and no property; that of a block is one like any other.
func (spec *packageSpec) object(owner string, schema shim.SchemaMap, infos map[string]*tfbridge.SchemaInfo,
	listed side,
) objectSpec {
	described := objectSpec{Type: "object", Properties: map[string]typeSpec{}}
	schema.Range(func(name string, property shim.Schema) bool {
		settable := property.Required() || property.Optional()
		if property.Removed() != "" || (listed != block && name == "id") || (listed == inputs && !settable) {
			return true
		}
		pulumiName := tfbridge.TerraformToPulumiNameV2(name, schema, infos)
		kind := spec.typeOf(nested(owner, pulumiName), property, infos[name])
		kind.Secret = property.Sensitive()
		described.Properties[pulumiName] = kind
		if property.Required() || (listed == outputs && property.Computed()) {
			described.Required = append(described.Required, pulumiName)
		}
		return true
	})
	return described
}

// typeOf describes one property; a block becomes a named type.
func (spec *packageSpec) typeOf(owner string, property shim.Schema, info *tfbridge.SchemaInfo) typeSpec {
	switch property.Type() {
	case shim.TypeBool:
		return typeSpec{Type: "boolean"}
	case shim.TypeInt:
		return typeSpec{Type: "integer"}
	case shim.TypeFloat:
		return typeSpec{Type: "number"}
	case shim.TypeMap:
		element := spec.elementOf(owner, property, info)
		return typeSpec{Type: "object", Additional: &element}
	case shim.TypeList, shim.TypeSet:
		element := spec.elementOf(owner, property, info)
		if tfbridge.IsMaxItemsOne(property, info) {
			return element
		}
		return typeSpec{Type: "array", Items: &element}
	default:
		return typeSpec{Type: "string"}
	}
}

// elementOf describes what a list, set or map holds.
func (spec *packageSpec) elementOf(owner string, property shim.Schema, info *tfbridge.SchemaInfo) typeSpec {
	var element *tfbridge.SchemaInfo
	if info != nil {
		element = info.Elem
	}
	switch held := property.Elem().(type) {
	case shim.Resource:
		var fields map[string]*tfbridge.SchemaInfo
		if element != nil {
			fields = element.Fields
		}
		spec.Types[owner] = spec.object(owner, held.Schema(), fields, block)
		return typeSpec{Ref: "#/types/" + owner}
	case shim.Schema:
		return spec.typeOf(owner, held, element)
	default:
		return typeSpec{Type: "string"}
	}
}

// nested names the type of a block: property "fixedIps" of
// "openstack:networking/port:Port" is "openstack:networking/PortFixedIps:PortFixedIps".
func nested(owner, property string) string {
	parts := strings.Split(owner, ":")
	name := parts[2] + strings.ToUpper(property[:1]) + property[1:]
	return parts[0] + ":" + strings.SplitN(parts[1], "/", 2)[0] + "/" + name + ":" + name
}
