package tracking

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"slices"

	"granary/internal/encoding/table"
	"granary/internal/mem"
)

// Offsets in a prefix.
const (
	preCount   = 0
	preFirst   = 4
	preLast    = 9
	preChanged = 14
	preLost    = 19
	preLen     = 20
	preHead    = 24 // the name begins here
)

// Offsets in a membership.
const (
	memClient = 0
	memPrefix = 8
	memNext   = 13
	memPrev   = 18
	memMine   = 23
	memSize   = 28
)

// Offsets in a change.
const (
	chgClient = 0
	chgLen    = 8
	chgHead   = 12 // the name begins here
)

var (
	preKind = table.Kind{Name: "prefixes", Key: preName, Purpose: mem.PurposeTracking}
	chgKind = table.Kind{Name: "changed", Key: chgName, Purpose: mem.PurposeTracking}
)

func ref(block mem.Ref, off int) mem.Ref { return mem.LoadRef(mem.Bytes(block, off+mem.RefSize)[off:]) }

func setRef(block mem.Ref, off int, to mem.Ref) {
	mem.PutRef(mem.Bytes(block, off+mem.RefSize)[off:], to)
}

func preName(p mem.Ref) []byte {
	n := preHead + int(binary.LittleEndian.Uint32(mem.Bytes(p, preHead)[preLen:]))
	return mem.Bytes(p, n)[preHead:n:n]
}

func preN(p mem.Ref) int { return int(binary.LittleEndian.Uint32(mem.Bytes(p, preHead)[preCount:])) }

func setPreN(p mem.Ref, n int) {
	binary.LittleEndian.PutUint32(mem.Bytes(p, preHead)[preCount:], uint32(n))
}

func lost(p mem.Ref) bool { return mem.Bytes(p, preHead)[preLost] != 0 }

func memberID(m mem.Ref) int64 { return int64(binary.LittleEndian.Uint64(mem.Bytes(m, 8))) }

func chgName(c mem.Ref) []byte {
	n := chgHead + int(binary.LittleEndian.Uint32(mem.Bytes(c, chgHead)[chgLen:]))
	return mem.Bytes(c, n)[chgHead:n:n]
}

func chgBy(c mem.Ref) int64 { return int64(binary.LittleEndian.Uint64(mem.Bytes(c, 8))) }

// length is how many prefixes there are of a length.
type length struct{ bytes, n int }

// Prefixes is who wants to hear of keys with which prefix, and the keys that changed. A change costs a look-up for each
// length that a prefix has. Like its arena it is used by one goroutine at a time.
type Prefixes struct {
	arena   *mem.Arena
	table   table.Table // Root 0: none
	lengths []length    // in order
	dirty   []mem.Ref   // prefixes with changes
	taken   Changes     // those of one, at hand (Take)
}

const takenKeep = 1024 // keys for which the list of them is kept from one Take to the next

// NewPrefixes returns an empty Prefixes, which takes no memory.
func NewPrefixes(a *mem.Arena) *Prefixes { return &Prefixes{arena: a} }

// Len returns the number of prefixes.
func (x *Prefixes) Len() int {
	if x.table.Root() == 0 {
		return 0
	}
	return x.table.Len()
}

// Changed reports whether there is anything to tell.
func (x *Prefixes) Changed() bool { return len(x.dirty) > 0 }

// Set is the prefixes of one client. The zero Set with the client's number has none.
type Set struct {
	Client int64
	first  mem.Ref
	n      int
}

// Len returns the number of prefixes.
func (s *Set) Len() int { return s.n }

// Bytes returns the usable bytes of what is the client's alone.
func (s *Set) Bytes() int64 { return int64(s.n) * int64(mem.Usable(memSize)) }

// Each gives fn the prefixes, the one that was added last first.
func (s *Set) Each(fn func(prefix []byte)) {
	for m := s.first; m != 0; m = ref(m, memMine) {
		fn(preName(ref(m, memPrefix)))
	}
}

// Overlap reports whether one of two prefixes is a prefix of the other.
func Overlap(a, b []byte) bool {
	n := min(len(a), len(b))
	return string(a[:n]) == string(b[:n])
}

// Overlapping returns the first prefix of the client, in order of bytes, that overlaps with another one. It is valid until
// the client leaves.
func (s *Set) Overlapping(with []byte) (prefix []byte, found bool) {
	s.Each(func(p []byte) {
		if Overlap(p, with) && (!found || bytes.Compare(p, prefix) < 0) {
			prefix, found = p, true
		}
	})
	return prefix, found
}

// Add adds a prefix to those of a client, unless it is one of them. After a panic with mem.ErrOutOfMemory nothing has
// changed.
func (x *Prefixes) Add(s *Set, name []byte) {
	h := table.Hash(name)
	var p mem.Ref
	if x.table.Root() != 0 {
		_, p = x.table.Find(h, name)
	}
	if p != 0 {
		for m := s.first; m != 0; m = ref(m, memMine) {
			if ref(m, memPrefix) == p {
				return
			}
		}
	}
	m := x.arena.Alloc(memSize, mem.PurposeTracking)
	if p == 0 {
		done := false
		defer func() {
			if !done {
				x.arena.Free(m, memSize, mem.PurposeTracking)
				x.shut()
			}
		}()
		p = x.insert(h, name)
		done = true
	}
	last := ref(p, preLast)
	binary.LittleEndian.PutUint64(mem.Bytes(m, memSize), uint64(s.Client))
	setRef(m, memPrefix, p)
	setRef(m, memNext, 0)
	setRef(m, memPrev, last)
	setRef(m, memMine, s.first)
	if last != 0 {
		setRef(last, memNext, m)
	} else {
		setRef(p, preFirst, m)
	}
	setRef(p, preLast, m)
	setPreN(p, preN(p)+1)
	s.first = m
	s.n++
}

// insert makes a prefix without members.
func (x *Prefixes) insert(h uint64, name []byte) mem.Ref {
	size := preHead + len(name)
	p := x.arena.Alloc(size, mem.PurposeTracking)
	b := mem.Bytes(p, size)
	clear(b[:preHead])
	binary.LittleEndian.PutUint32(b[preLen:], uint32(len(name)))
	copy(b[preHead:], name)
	done := false
	defer func() {
		if !done {
			x.arena.Free(p, size, mem.PurposeTracking)
		}
	}()
	if x.table.Root() == 0 {
		x.table = table.New(x.arena, &preKind)
	}
	x.table.Insert(h, p)
	done = true
	i, found := x.lengthOf(len(name))
	if !found {
		x.lengths = slices.Insert(x.lengths, i, length{bytes: len(name)})
	}
	x.lengths[i].n++
	return p
}

func (x *Prefixes) lengthOf(n int) (int, bool) {
	return slices.BinarySearchFunc(x.lengths, n, func(l length, n int) int { return cmp.Compare(l.bytes, n) })
}

// shut gives an empty table back.
func (x *Prefixes) shut() {
	if x.table.Root() != 0 && x.table.Len() == 0 {
		x.table.Free(nil)
		x.table, x.lengths, x.dirty, x.taken = table.Table{}, nil, nil, Changes{}
	}
}

// Leave takes all its prefixes from a client. A prefix that is nobody's any more is forgotten, with its changes.
func (x *Prefixes) Leave(s *Set) {
	for m := s.first; m != 0; {
		p, next, prev, mine := ref(m, memPrefix), ref(m, memNext), ref(m, memPrev), ref(m, memMine)
		if prev != 0 {
			setRef(prev, memNext, next)
		} else {
			setRef(p, preFirst, next)
		}
		if next != 0 {
			setRef(next, memPrev, prev)
		} else {
			setRef(p, preLast, prev)
		}
		x.arena.Free(m, memSize, mem.PurposeTracking)
		setPreN(p, preN(p)-1)
		if preN(p) == 0 {
			x.remove(p)
		}
		m = mine
	}
	s.first, s.n = 0, 0
	x.shut()
}

// remove forgets a prefix.
func (x *Prefixes) remove(p mem.Ref) {
	if i := slices.Index(x.dirty, p); i >= 0 {
		x.dirty = slices.Delete(x.dirty, i, i+1)
	}
	x.freeChanged(p)
	name := preName(p)
	pos, _ := x.table.Find(table.Hash(name), name)
	x.table.Delete(pos)
	i, _ := x.lengthOf(len(name))
	if x.lengths[i].n--; x.lengths[i].n == 0 {
		x.lengths = slices.Delete(x.lengths, i, i+1)
	}
	x.arena.Free(p, preHead+len(name), mem.PurposeTracking)
}

// Change notes that a client, 0 for none, changed a key. A key for which there is no memory is not noted: its prefix is lost
// (Changes).
func (x *Prefixes) Change(name []byte, client int64) {
	for _, l := range x.lengths {
		if l.bytes > len(name) {
			return
		}
		prefix := name[:l.bytes]
		if _, p := x.table.Find(table.Hash(prefix), prefix); p != 0 {
			if ref(p, preChanged) == 0 && !lost(p) {
				x.dirty = append(x.dirty, p)
			}
			x.change(p, name, client)
		}
	}
}

func (x *Prefixes) change(p mem.Ref, name []byte, client int64) {
	var c mem.Ref
	size := chgHead + len(name)
	defer func() {
		switch e := recover(); e {
		case nil:
		case mem.ErrOutOfMemory:
			if c != 0 {
				x.arena.Free(c, size, mem.PurposeTracking)
			}
			x.freeChanged(p)
			mem.Bytes(p, preHead)[preLost] = 1
		default:
			panic(e)
		}
	}()
	if lost(p) {
		return
	}
	h := table.Hash(name)
	t := table.Open(x.arena, &chgKind, ref(p, preChanged))
	if t.Root() == 0 {
		t = table.New(x.arena, &chgKind)
		setRef(p, preChanged, t.Root())
	}
	_, r := t.Find(h, name)
	if r == 0 {
		c = x.arena.Alloc(size, mem.PurposeTracking)
		b := mem.Bytes(c, size)
		binary.LittleEndian.PutUint32(b[chgLen:], uint32(len(name)))
		copy(b[chgHead:], name)
		t.Insert(h, c)
		r, c = c, 0
		setRef(p, preChanged, t.Root())
	}
	binary.LittleEndian.PutUint64(mem.Bytes(r, 8), uint64(client))
}

func (x *Prefixes) freeChanged(p mem.Ref) {
	if root := ref(p, preChanged); root != 0 {
		t := table.Open(x.arena, &chgKind, root)
		t.Free(func(c mem.Ref) { x.arena.Free(c, chgHead+len(chgName(c)), mem.PurposeTracking) })
		setRef(p, preChanged, 0)
	}
}

// Changes is what there is to tell of one prefix. It is valid during the call of Take's fn.
type Changes struct {
	Lost   bool // there was no memory: any key with the prefix may have changed
	prefix mem.Ref
	keys   []mem.Ref // in order of their names
}

// Each gives fn the keys that changed, in order of bytes, and who changed each last, 0 for nobody.
func (c *Changes) Each(fn func(name []byte, client int64)) {
	for _, r := range c.keys {
		fn(chgName(r), chgBy(r))
	}
}

// Clients gives fn the clients that want to hear of it, in the order in which they came.
func (c *Changes) Clients(fn func(client int64)) {
	for m := ref(c.prefix, preFirst); m != 0; m = ref(m, memNext) {
		fn(memberID(m))
	}
}

// Take gives fn what there is to tell of each prefix, in order of bytes, and forgets it. fn must not change x.
func (x *Prefixes) Take(fn func(c *Changes)) {
	slices.SortFunc(x.dirty, func(a, b mem.Ref) int { return bytes.Compare(preName(a), preName(b)) })
	c := &x.taken
	for _, p := range x.dirty {
		c.prefix, c.keys, c.Lost = p, c.keys[:0], lost(p)
		if root := ref(p, preChanged); root != 0 {
			t := table.Open(x.arena, &chgKind, root)
			t.Each(func(r mem.Ref) bool {
				c.keys = append(c.keys, r)
				return true
			})
			slices.SortFunc(c.keys, func(a, b mem.Ref) int { return bytes.Compare(chgName(a), chgName(b)) })
		}
		fn(c)
		x.freeChanged(p)
		mem.Bytes(p, preHead)[preLost] = 0
	}
	x.dirty = x.dirty[:0]
	if cap(c.keys) > takenKeep {
		c.keys = nil
	}
}
