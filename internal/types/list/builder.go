package list

import (
	"slices"

	"granary/internal/encoding/listpack"
	"granary/internal/encoding/quicklist"
	"granary/internal/mem"
	"granary/internal/object"
)

// Builder is a list in the making, which no key holds yet: what a file or a payload is read into. While it is a listpack it
// lies in the Go heap, as a quicklist in the arena.
//
//	b := list.NewBuilder(arena, limits)
//	defer b.Discard()
//	b.Append(text) ...
//	e := b.Entry(key, expiry, clock)
type Builder struct {
	arena *mem.Arena
	lim   Limits
	lp    listpack.Listpack
	ql    quicklist.List
	large bool
}

// NewBuilder begins a list.
func NewBuilder(a *mem.Arena, lim Limits) Builder { return Builder{arena: a, lim: lim} }

// Len returns the number of elements.
func (b *Builder) Len() int {
	switch {
	case b.large:
		return b.ql.Len()
	case b.lp == nil:
		return 0
	}
	return b.lp.Len()
}

// Append adds an element at the end.
// REQUIRES: the text does not lie in a list.
func (b *Builder) Append(text []byte) {
	if b.large {
		push(&b.ql, text, false)
		return
	}
	if b.lp == nil {
		b.lp = listpack.AppendEmpty(make([]byte, 0, 256))
	}
	if quicklist.Exceeds(b.lim.Fill, len(b.lp)+len(text), b.lp.Len()+1) {
		b.ql, b.large = quicklist.New(object.Lists(b.arena), b.lim.Fill, b.lim.Depth), true
		b.ql.AppendListpack(b.lp)
		b.lp = nil
		push(&b.ql, text, false)
		return
	}
	e := listpack.Of(text)
	b.lp = slices.Grow(b.lp, e.Size())
	b.lp = b.lp.Append(e)
}

// Entry makes the list the value of an entry. The builder is empty then, also when memory is out.
// REQUIRES: Len is not 0.
func (b *Builder) Entry(key []byte, expiry int64, clock uint32) object.Entry {
	was := *b
	*b = Builder{arena: b.arena, lim: b.lim}
	if was.large {
		return object.NewRootedOrFree(b.arena, key, object.List, object.Quicklist, was.ql.Root(), expiry, clock)
	}
	return object.NewFlat(b.arena, key, object.List, object.Listpack, was.lp, expiry, clock)
}

// Discard gives back what the builder holds.
func (b *Builder) Discard() {
	if b.large && b.ql.Root() != 0 {
		b.ql.Free()
	}
	*b = Builder{arena: b.arena, lim: b.lim}
}
