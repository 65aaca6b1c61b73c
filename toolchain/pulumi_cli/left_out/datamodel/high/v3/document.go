// Package v3 declares the documents of the library that this module stands in for.
package v3

import (
	"github.com/pb33f/libopenapi/datamodel/high/base"
	"github.com/pb33f/libopenapi/orderedmap"
)

// Document describes a service.
type Document struct {
	Info       *Info
	Paths      *Paths
	Components *Components
}

// Info names a document.
type Info struct{ Version string }

// Components are named schemas.
type Components struct {
	Schemas *orderedmap.Map[string, *base.SchemaProxy]
}

// Paths are the addresses of a service.
type Paths struct {
	PathItems *orderedmap.Map[string, *PathItem]
}

// PathItem is what can be done at one address.
type PathItem struct {
	Get, Post, Put, Delete, Patch, Head *Operation
}

// Operation is one of them.
type Operation struct {
	OperationId, Summary, Description string
	Tags                              []string
	Parameters                        []*Parameter
	RequestBody                       *RequestBody
	Responses                         *Responses
	Deprecated                        *bool
	Extensions                        base.Extensions
}

// Parameter is an argument.
type Parameter struct {
	Name, In, Description string
	Required              *bool
	Schema                *base.SchemaProxy
}

// RequestBody is what is sent.
type RequestBody struct {
	Content *orderedmap.Map[string, *MediaType]
}

// MediaType is a form of content.
type MediaType struct{ Schema *base.SchemaProxy }

// Responses are what may come back.
type Responses struct {
	Codes   *orderedmap.Map[string, *Response]
	Default *Response
}

// Response is one of them.
type Response struct {
	Description string
	Content     *orderedmap.Map[string, *MediaType]
}
