// Package base declares the schemas of the library that this module stands in for.
package base

import (
	"github.com/pb33f/libopenapi/orderedmap"
	"go.yaml.in/yaml/v4"
)

// Extensions are properties that the standard does not know.
type Extensions = *orderedmap.Map[string, *yaml.Node]

// Schema describes a value.
type Schema struct {
	Type, Required                []string
	Format, Pattern, Description  string
	MinLength, MaxLength          *int64
	Minimum, Maximum, MultipleOf  *float64
	MinItems, MaxItems            *int64
	Nullable, ReadOnly, WriteOnly *bool
	Deprecated, UniqueItems       *bool
	Enum                          []*yaml.Node
	Default, Const                *yaml.Node
	AllOf, OneOf, AnyOf           []*SchemaProxy
	Properties                    *orderedmap.Map[string, *SchemaProxy]
	Items, AdditionalProperties   *DynamicValue
	Discriminator                 *Discriminator
	Extensions                    Extensions
}

// GoLow has no lower level to offer.
func (*Schema) GoLow() *Low { return nil }

// MarshalJSONInline has nothing to write.
func (*Schema) MarshalJSONInline() ([]byte, error) { return nil, nil }

// Low is the level below a schema.
type Low struct{}

// Hash tells schemas apart.
func (*Low) Hash() uint64 { return 0 }

// SchemaProxy refers to a schema.
type SchemaProxy struct{}

// Schema follows the reference.
func (*SchemaProxy) Schema() *Schema { return nil }

// DynamicValue is a schema or a truth value.
type DynamicValue struct{ A *SchemaProxy }

// IsA tells whether it is a schema.
func (*DynamicValue) IsA() bool { return false }

// Discriminator tells variants of a value apart.
type Discriminator struct {
	PropertyName string
	Mapping      *orderedmap.Map[string, string]
}
