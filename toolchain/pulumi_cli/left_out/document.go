// Package libopenapi stands in for the library of that name. The pulumi command uses
// it for `pulumi cloud` only, which talks to a service that this project does not use,
// and it takes a quarter of the time to compile the command. What the command's source
// names is declared here; reading a description of that service says why it cannot.
package libopenapi

import (
	"errors"

	v3 "github.com/pb33f/libopenapi/datamodel/high/v3"
)

// ErrLeftOut is what `pulumi cloud` tells.
var ErrLeftOut = errors.New("this pulumi was built without `pulumi cloud`; the official one has it")

// Document is a description of a service.
type Document struct{}

// Model is a description that has been read.
type Model struct{ Model v3.Document }

// NewDocument reads nothing.
func NewDocument([]byte) (Document, error) { return Document{}, ErrLeftOut }

// BuildV3Model builds nothing.
func (Document) BuildV3Model() (*Model, error) { return nil, ErrLeftOut }
