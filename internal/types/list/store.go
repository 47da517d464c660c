package list

import (
	"granary/internal/encoding/listpack"
	"granary/internal/keyspace"
)

// Store makes the item's key a list of the texts without an expiry, whatever it is now. When memory is out before the list
// is made, nothing has changed.
//
// REQUIRES: there are texts.
func Store(it *keyspace.Item, lim Limits, texts [][]byte) {
	grow, size := 0, 0
	for _, t := range texts {
		e := listpack.Of(t)
		grow += e.Size()
		size += len(t)
	}
	create(it, lim, texts, false, grow, size)
	if it.Expiry() != 0 {
		it.SetExpiry(0)
	}
}
