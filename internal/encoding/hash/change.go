package hash

import (
	"granary/internal/encoding/table"
	"granary/internal/mem"
)

// KeepExpiry, given to Set as expiry, leaves the expiry of a field as it is.
const KeepExpiry = -1

// Set gives a field a value and an expiry (Unix ms, 0: none, KeepExpiry: what it had), and reports whether the field is
// new. A field whose new content fits its region is rewritten in place.
//
// If there is no memory (a panic with mem.ErrOutOfMemory) nothing has changed.
// REQUIRES: value is no view of the hash.
func (h *Hash) Set(name, value []byte, expiry int64) (created bool) {
	hash := table.Hash(name)
	p, r := h.t.Find(hash, name)
	if r == 0 {
		h.insert(hash, name, value, max(expiry, 0))
		return true
	}
	h.replace(p, Field(r), value, expiry)
	return false
}

// Add adds a field. REQUIRES: there is none of that name.
func (h *Hash) Add(name, value []byte, expiry int64) { h.insert(table.Hash(name), name, value, expiry) }

func (h *Hash) insert(hash uint64, name, value []byte, expiry int64) {
	s := shapeOf(len(name), len(value), expiry)
	n := s.size()
	r := h.arena.Alloc(n, mem.PurposeHashEntry)
	b := mem.Bytes(r, n)
	s.put(b, expiry)
	copy(b[s.nameAt:], name)
	copy(b[s.nameAt+s.nameLen:], value)
	done := false
	defer func() {
		if !done {
			h.arena.Free(r, n, mem.PurposeHashEntry)
		}
	}()
	h.t.Insert(hash, r)
	done = true
	h.t.AddContent(mem.Usable(n))
}

// replace gives the field at p another value and expiry.
func (h *Hash) replace(p Pos, f Field, value []byte, expiry int64) {
	if expiry == KeepExpiry {
		expiry = f.Expiry()
	}
	old := f.shape()
	s := shapeOf(old.nameLen, len(value), expiry)
	was, n := old.size(), s.size()
	b := mem.Bytes(mem.Ref(f), was)
	// Fast path: the name stays where it is, and so does the field. A new time is noted first, for that may need memory.
	if s.nameAt == old.nameAt {
		keeps := s.flags&flagExpiry == 0 || expiry == f.Expiry()
		if !keeps {
			h.t.NoteExpire(p, expiry)
		}
		if h.arena.ResizeInPlace(mem.Ref(f), was, n, mem.PurposeHashEntry) {
			b = mem.Bytes(mem.Ref(f), n)
			s.put(b, expiry)
			copy(b[s.nameAt+s.nameLen:], value)
			return // the same size class: the content counts the same
		}
	}
	to := h.arena.Alloc(n, mem.PurposeHashEntry)
	nb := mem.Bytes(to, n)
	s.put(nb, expiry)
	copy(nb[s.nameAt:], b[old.nameAt:old.nameAt+old.nameLen])
	copy(nb[s.nameAt+s.nameLen:], value)
	done := false
	defer func() {
		if !done {
			h.arena.Free(to, n, mem.PurposeHashEntry)
		}
	}()
	h.t.Replace(p, to)
	done = true
	h.arena.Free(mem.Ref(f), was, mem.PurposeHashEntry)
	h.t.AddContent(mem.Usable(n) - mem.Usable(was))
}

// SetExpiry sets (Unix ms) or removes (0) the expiry of the field f at p.
// If there is no memory nothing has changed.
func (h *Hash) SetExpiry(p Pos, f Field, at int64) {
	s := f.shape()
	if at != 0 && s.flags&flagExpiry != 0 {
		h.t.NoteExpire(p, at)
		put48(mem.Bytes(mem.Ref(f), s.nameAt)[s.expiryAt:], at)
		return
	}
	h.replace(p, f, f.Value(), at)
}

// DeleteAt deletes the field f at p.
func (h *Hash) DeleteAt(p Pos, f Field) {
	h.t.Delete(p)
	h.free(f)
}

// Delete deletes a field and reports whether there was one.
func (h *Hash) Delete(name []byte) bool {
	p, f := h.Find(name)
	if f == 0 {
		return false
	}
	h.DeleteAt(p, f)
	return true
}

func (h *Hash) free(f Field) {
	n := f.Size()
	h.arena.Free(mem.Ref(f), n, mem.PurposeHashEntry)
	h.t.AddContent(-mem.Usable(n))
}

// FreeSlice frees about budget fields, and the table with the last of them. It reports how many were freed and whether
// the hash is gone. Between slices nothing else may be done with it.
func (h *Hash) FreeSlice(budget int) (freed int, done bool) {
	done = h.t.FreeSlice(budget, func(r mem.Ref) {
		h.free(Field(r))
		freed++
	})
	return freed, done
}

// Free frees the hash.
func (h *Hash) Free() {
	for {
		if _, done := h.FreeSlice(1 << 20); done {
			return
		}
	}
}

// Dup returns a copy of the hash, fields in the order of their hash. It takes time in proportion to the number of
// fields. If there is no memory, what was made is freed.
func (h *Hash) Dup() Hash {
	d := New(h.arena)
	done := false
	defer func() {
		if !done {
			d.Free()
		}
	}()
	h.Each(func(f Field) bool {
		n := f.Size()
		d.adopt(f, n)
		return true
	})
	done = true
	return d
}

// adopt adds a copy of a field of another hash.
func (h *Hash) adopt(f Field, n int) {
	r := h.arena.Alloc(n, mem.PurposeHashEntry)
	copy(mem.Bytes(r, n), mem.Bytes(mem.Ref(f), n))
	done := false
	defer func() {
		if !done {
			h.arena.Free(r, n, mem.PurposeHashEntry)
		}
	}()
	h.t.Insert(table.Hash(Field(r).Name()), r)
	done = true
	h.t.AddContent(mem.Usable(n))
}

// Relocate serves compaction as table.Relocate does, one segment with its fields per call.
func (h *Hash) Relocate(cursor uint64) uint64 {
	return h.t.Relocate(cursor, func(r mem.Ref) mem.Ref {
		n := Field(r).Size()
		if !mem.ShouldMove(r, n, mem.PurposeHashEntry) {
			return r
		}
		to := h.arena.Alloc(n, mem.PurposeHashEntry)
		copy(mem.Bytes(to, n), mem.Bytes(r, n))
		h.arena.Free(r, n, mem.PurposeHashEntry)
		return to
	})
}

// RelocateRoot does the same for the root block. It reports whether Root has changed.
func (h *Hash) RelocateRoot() bool { return h.t.RelocateRoot() }
