// Package orderedmap declares the map of the library that this module stands in for.
// No document is ever read, so none ever holds anything.
package orderedmap

import "iter"

// Map is always empty.
type Map[K comparable, V any] struct{}

// New returns an empty map.
func New[K comparable, V any]() *Map[K, V] { return &Map[K, V]{} }

// Len is the number of entries.
func Len[K comparable, V any](*Map[K, V]) int { return 0 }

// Get finds nothing.
func (*Map[K, V]) Get(K) (found V, ok bool) { return found, false }

// GetOrZero finds nothing.
func (*Map[K, V]) GetOrZero(K) (zero V) { return zero }

// Set drops an entry.
func (*Map[K, V]) Set(K, V) (old V, present bool) { return old, false }

// Delete has nothing to delete.
func (*Map[K, V]) Delete(K) (old V, present bool) { return old, false }

// FromOldest yields nothing.
func (*Map[K, V]) FromOldest() iter.Seq2[K, V] { return func(func(K, V) bool) {} }

// KeysFromOldest yields nothing.
func (*Map[K, V]) KeysFromOldest() iter.Seq[K] { return func(func(K) bool) {} }
