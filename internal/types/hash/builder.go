package hash

import (
	"slices"

	"granary/internal/encoding/hash"
	"granary/internal/encoding/listpack"
	"granary/internal/mem"
	"granary/internal/object"
)

// Builder is a hash in the making, which no key holds yet: what a file or a payload is read into. While it is flat it lies in
// the Go heap, as a table in the arena.
//
//	b := hash.NewBuilder(arena, limits)
//	defer b.Discard()
//	b.Add(name, value, 0) ...
//	e := b.Entry(key, expiry, clock)
type Builder struct {
	arena *mem.Arena
	lim   Limits
	lp    listpack.Listpack // pairs
	times []int64           // expiries of the pairs, nil: none expires
	table hash.Hash         // once it is large
	large bool

	expect int // fields that it will have, 0: not known
}

// NewBuilder begins a hash.
func NewBuilder(a *mem.Arena, lim Limits) Builder { return Builder{arena: a, lim: lim} }

// Expect says how many fields it will have.
func (b *Builder) Expect(n int) { b.expect = n }

// Len returns the number of fields.
func (b *Builder) Len() int {
	switch {
	case b.large:
		return b.table.Len()
	case b.lp == nil:
		return 0
	}
	return b.lp.Len() / hash.Pair
}

// Add adds a field that expires at expiry, 0 for never. It reports false, and changes nothing, if the field is there.
func (b *Builder) Add(name, value []byte, expiry int64) bool {
	if !b.large && (b.Len() >= b.lim.Entries || max(len(name), len(value)) > b.lim.Value ||
		len(b.lp)+len(name)+len(value)+maxTime+20 > listpack.MaxSafeSize) {
		b.enlarge()
	}
	if b.large {
		if b.table.Get(name) != 0 {
			return false
		}
		b.table.Add(name, value, expiry)
		return true
	}
	if b.lp == nil {
		b.lp = listpack.AppendEmpty(make([]byte, 0, 256))
	}
	n, v := listpack.Of(name), listpack.Of(value)
	if hash.FindFlat(b.lp, hash.Pair, n) != 0 {
		return false
	}
	if expiry != 0 && b.times == nil {
		b.times = make([]int64, b.Len(), b.Len()+8)
	}
	b.lp = slices.Grow(b.lp, n.Size()+v.Size())
	b.lp = b.lp.BatchInsert(b.lp.End(), n, v)
	if b.times != nil {
		b.times = append(b.times, expiry)
	}
	return true
}

// enlarge makes it a table.
func (b *Builder) enlarge() {
	b.table, b.large = hash.New(b.arena), true
	b.table.Expect(b.expect)
	if b.lp == nil {
		return
	}
	var s1, s2 Scratch
	i := 0
	for p := b.lp.First(); p != 0; p = b.lp.Skip(p, hash.Pair) {
		at := int64(0)
		if b.times != nil {
			at = b.times[i]
		}
		b.table.Add(b.lp.Get(p).Text(&s1), b.lp.Get(b.lp.Next(p)).Text(&s2), at)
		i++
	}
	b.lp, b.times = nil, nil
}

// Entry makes the hash the value of an entry. The builder is empty then, also when memory is out.
// REQUIRES: Len is not 0.
func (b *Builder) Entry(key []byte, expiry int64, clock uint32) (e object.Entry) {
	fields := b.times != nil
	switch {
	case b.large:
		fields = b.table.CountExpires() > 0
		root := b.table.Root()
		*b = Builder{arena: b.arena, lim: b.lim}
		e = object.NewRootedOrFree(b.arena, key, object.Hash, object.Hashtable, root, expiry, clock)
	case fields:
		e = object.NewFlat(b.arena, key, object.Hash, object.ListpackEx, b.triples(), expiry, clock)
	default:
		e = object.NewFlat(b.arena, key, object.Hash, object.Listpack, b.lp, expiry, clock)
	}
	if fields {
		e.MarkFields(true)
	}
	*b = Builder{arena: b.arena, lim: b.lim}
	return e
}

// triples returns the pairs with their expiries, in the order of those.
func (b *Builder) triples() listpack.Listpack {
	ex := listpack.New(make([]byte, 0, len(b.lp)+len(b.times)*(maxTime+1)))
	i := 0
	for p := b.lp.First(); p != 0; p = b.lp.Skip(p, hash.Pair) {
		at := b.times[i]
		ex = ex.BatchInsert(hash.FlatPlace(ex, at), b.lp.Get(p), b.lp.Get(b.lp.Next(p)), listpack.Int(at))
		i++
	}
	return ex
}

// Discard gives back what the builder holds.
func (b *Builder) Discard() {
	if b.large && b.table.Root() != 0 {
		b.table.Free()
	}
	*b = Builder{arena: b.arena, lim: b.lim}
}
