package keyspace

import (
	"granary/internal/mem"
	"granary/internal/object"
)

// Commands that work on two keys. Each is one step: it happens as a whole, or there is no memory and nothing happens.
// What is at the destination is deleted, and the destination is told of as a new key.

// Rename gives the value of src, with its expiry and access clock, to dst, and deletes src.
// REQUIRES: src and dst are different keys of one database, and src exists.
func (ks *Keyspace) Rename(src, dst *Item) {
	src.at()
	e := src.Entry
	var value int64
	if ks.prefixes != nil {
		value = keyBytes(e) - int64(mem.Usable(e.Size()))
	}
	renamed := object.Rekey(ks.Arena, e, dst.key)
	defer func() {
		if dst.Entry != renamed {
			object.FreeEntry(ks.Arena, renamed)
		}
	}()
	dst.place(renamed)
	src.take()
	object.FreeEntry(ks.Arena, e)
	if ks.prefixes != nil {
		src.Settle()
		ks.handOver(src, dst, value)
	}
	dst.tellNew()
}

// Move puts the key src into another database, with its value, expiry and access clock. dst is the same key there.
// REQUIRES: src exists, dst does not.
func (ks *Keyspace) Move(src, dst *Item) {
	src.at()
	dst.place(src.Entry)
	e := src.take()
	if ks.prefixes != nil {
		ks.handOver(src, dst, keyBytes(e))
	}
	dst.tellNew()
}

// Copy gives dst a copy of the value of src, with its expiry.
// REQUIRES: src and dst are different, and src exists.
func (ks *Keyspace) Copy(src, dst *Item) {
	src.at()
	dup := object.Copy(ks.Arena, src.Entry, dst.key, src.Entry.Expiry(), ks.Access.Initial(), ks.Limits)
	existed := dst.Exists()
	dst.store(dup)
	if existed {
		dst.tellNew()
	}
}
