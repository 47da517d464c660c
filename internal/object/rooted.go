package object

import (
	"granary/internal/encoding/hash"
	"granary/internal/encoding/quicklist"
	"granary/internal/encoding/set"
	"granary/internal/encoding/stream"
	"granary/internal/encoding/zset"
	"granary/internal/mem"
)

// Values with a root: the large encodings of collections. The entry refers to the root block; what hangs from it belongs
// to the encoding's package. What each of them has to offer here: freeing in slices, freeing at once, a copy, a check, and
// its bytes (blocks.go).

// freeRooted frees about budget elements of a value that lies outside the entry, root block last.
func freeRooted(a *mem.Arena, e Entry, budget int) (freed int, done bool) {
	switch e.Type() {
	case Hash:
		h := hash.Open(a, e.Root())
		return h.FreeSlice(budget)
	case Set:
		s := set.Open(a, e.Root())
		return s.FreeSlice(budget)
	case List:
		return freeList(a, e, budget)
	case ZSet:
		z := zset.Open(a, e.Root())
		return z.FreeSlice(budget)
	case Stream:
		return freeStream(a, e, budget)
	}
	panic("BUG: object: no way to free " + e.describe())
}

func (e Entry) describe() string {
	return "a " + e.Type().String() + " in encoding " + e.Encoding().String()
}

// FreeRoot frees a value that no entry refers to, in one go.
func FreeRoot(a *mem.Arena, t Type, root mem.Ref) {
	switch t {
	case Hash:
		h := hash.Open(a, root)
		h.Free()
	case Set:
		s := set.Open(a, root)
		s.Free()
	case List:
		l := quicklist.Open(Lists(a), root)
		l.Free()
	case ZSet:
		z := zset.Open(a, root)
		z.Free()
	case Stream:
		s := stream.Open(a, root)
		s.Free()
	default:
		panic("BUG: object: no way to free the root of a " + t.String())
	}
}

// dupRooted copies a value that lies outside the entry and returns the copy's root. When memory is out, nothing of the
// copy is left.
func dupRooted(a *mem.Arena, e Entry) mem.Ref {
	switch e.Type() {
	case Hash:
		h := hash.Open(a, e.Root())
		d := h.Dup()
		return d.Root()
	case Set:
		s := set.Open(a, e.Root())
		d := s.Dup()
		return d.Root()
	case List:
		l := quicklist.Open(Lists(a), e.Root())
		d := l.Dup()
		return d.Root()
	case ZSet:
		z := zset.Open(a, e.Root())
		d := z.Dup()
		return d.Root()
	case Stream:
		s := stream.Open(a, e.Root())
		d := s.Copy()
		return d.Root()
	}
	panic("BUG: object: no way to copy " + e.describe())
}

// Copy returns a new entry under key with a copy of e's value in the same encoding, whatever its type (COPY). When memory
// is out, nothing of it is left.
func Copy(a *mem.Arena, e Entry, key []byte, expiry int64, clock uint32, lim StringLimits) (d Entry) {
	switch {
	case e.Type() == String:
		return CopyString(a, e, key, expiry, clock, lim)
	case e.IsFlat():
		d = NewFlat(a, key, e.Type(), e.Encoding(), e.Flat(), expiry, clock)
	default:
		d = NewRootedOrFree(a, key, e.Type(), e.Encoding(), dupRooted(a, e), expiry, clock)
	}
	if e.HasFields() {
		d.MarkFields(true)
	}
	return d
}

// NewRootedOrFree is NewRooted, and frees the value when there is no memory for the entry.
func NewRootedOrFree(a *mem.Arena, key []byte, t Type, enc Encoding, root mem.Ref, expiry int64, clock uint32) (e Entry) {
	defer func() {
		if e == 0 {
			FreeRoot(a, t, root)
		}
	}()
	return NewRooted(a, key, t, enc, root, expiry, clock)
}

// checkRooted verifies a value that lies outside the entry.
func (e Entry) checkRooted() error {
	switch e.Type() {
	case Hash:
		h := hash.Open(nil, e.Root())
		if h.Len() == 0 {
			return errEmpty
		}
		return h.Check()
	case Set:
		s := set.Open(nil, e.Root())
		if s.Len() == 0 {
			return errEmpty
		}
		return s.Check()
	case List:
		l := quicklist.Open(nil, e.Root())
		if l.Len() == 0 {
			return errEmpty
		}
		return l.Check()
	case ZSet:
		z := zset.Open(nil, e.Root())
		if z.Len() == 0 {
			return errEmpty
		}
		return z.Check()
	case Stream: // may be empty
		s := stream.Open(nil, e.Root())
		return s.Check()
	}
	return nil
}
