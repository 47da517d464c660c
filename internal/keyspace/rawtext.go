package keyspace

import "granary/internal/object"

// SetRawText stores a string as a raw block, whatever its length; an existing key keeps its expiry. When there is no memory
// for it, everything is as it was.
// REQUIRES: the key is absent or a string, and val is no view of its value.
func (it *Item) SetRawText(val []byte) {
	ks := it.db.ks
	if it.Entry == 0 {
		it.store(object.NewRawText(ks.Arena, it.key, val, 0, ks.Access.Initial()))
		return
	}
	if e := object.SetRawText(ks.Arena, it.Entry, val); e != it.Entry {
		it.moved(e)
	} else {
		it.Settle()
	}
}
