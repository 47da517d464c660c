package set

import (
	"math/rand/v2"

	"granary/internal/encoding/intset"
	"granary/internal/encoding/listpack"
	"granary/internal/encoding/set"
	"granary/internal/keyspace"
	"granary/internal/mem"
	"granary/internal/object"
)

// Picked is where a member lies that was picked from the set of a key, valid until the set changes.
type Picked struct {
	at int // index in an intset, position in a listpack
	ht set.Picked
}

// Pick makes m a member of the item's set, each as likely as any other.
func Pick(it *keyspace.Item, m *Member) (p Picked) {
	draw := rand.Uint64()
	switch it.Entry.Encoding() {
	case object.Hashtable:
		s := set.Open(nil, it.Entry.Root())
		k, text := s.Pick(draw)
		m.SetText(text)
		p.ht = k
	case object.Intset:
		s := intset.Open(it.Flat())
		p.at = int(draw % uint64(s.Len()))
		m.SetInt(s.Get(p.at))
	default:
		lp := listpack.Open(it.Flat())
		p.at = lp.Random(1, draw)
		m.setElem(lp.Get(p.at))
	}
	return p
}

// Drop removes the member that Pick returned.
func Drop(it *keyspace.Item, p Picked) {
	switch it.Entry.Encoding() {
	case object.Hashtable:
		s := set.Open(arena(it), it.Entry.Root())
		s.DropPicked(p.ht)
	case object.Intset:
		removeInt(it, p.at)
	default:
		removeElem(it, p.at)
	}
}

// Random makes m a member of the set, each as likely as any other.
//
// REQUIRES: the set is not empty.
func (v *Value) Random(m *Member) {
	draw := rand.Uint64()
	switch v.enc {
	case object.Hashtable:
		m.SetText(set.Member(v.ht.Random(draw)))
	case object.Intset:
		m.SetInt(intset.Open(v.flat).Random(draw))
	default:
		lp := listpack.Open(v.flat)
		m.setElem(lp.Get(lp.Random(1, draw)))
	}
}

// Randoms makes m a member n times, calling fn for each; the same may come again.
//
// REQUIRES: the set is not empty.
func (v *Value) Randoms(m *Member, n int64, fn func()) {
	if v.enc != object.Listpack || n < 4 {
		for ; n > 0; n-- {
			v.Random(m)
			fn()
		}
		return
	}
	// A listpack is walked once, not for every pick.
	lp := listpack.Open(v.flat)
	at := lp.AppendPositions(nil, 1)
	for ; n > 0; n-- {
		m.setElem(lp.Get(at[rand.IntN(len(at))]))
		fn()
	}
}

// sparse is how many members there are for one that is wanted, from which on picking at random until they are different
// costs less than walking through all.
const sparse = 16

// Sample makes m one of n different members after the other, calling fn for each. Every choice is as likely.
//
// REQUIRES: n <= Len.
func (v *Value) Sample(m *Member, n int, fn func()) {
	if v.enc == object.Hashtable && n*sparse < v.ht.Len() {
		met := make(map[mem.Ref]struct{}, n)
		for len(met) < n {
			r := v.ht.Random(rand.Uint64())
			if _, again := met[r]; !again {
				met[r] = struct{}{}
				m.SetText(set.Member(r))
				fn()
			}
		}
		return
	}
	left := v.Len()
	v.Each(m, func() bool {
		// Of the members left n are still to be taken, so this one is with the chance n/left.
		if rand.Uint64N(uint64(left)) < uint64(n) {
			fn()
			n--
		}
		left--
		return n > 0
	})
}

// moveFactor is how many members are popped for each that stays, from which on those that stay move to a new set.
const moveFactor = 5

// Pop makes m one of n different members of the item's set after the other, each choice as likely, calls fn for each, and
// removes them: all or, when memory is out, none.
//
// REQUIRES: 0 < n < Len.
func Pop(it *keyspace.Item, lim Limits, m *Member, n int, fn func()) {
	if it.Entry.Encoding() == object.Listpack {
		popElems(it, m, n, fn)
		return
	}
	v := Of(it.Entry)
	stay := v.Len() - n
	if stay*moveFactor > n {
		if v.enc == object.Intset {
			popInts(it, m, n, fn)
			return
		}
		// Removing from a hashtable needs no memory.
		for ; n > 0; n-- {
			p := Pick(it, m)
			fn()
			Drop(it, p)
		}
		return
	}
	enc := object.Listpack
	if v.enc == object.Intset {
		enc = object.Intset
	}
	b := NewBuilder(arena(it), lim, enc)
	defer b.Discard()
	left := stay + n
	v.Each(m, func() bool {
		if rand.Uint64N(uint64(left)) < uint64(stay) {
			b.Add(m)
			stay--
		} else {
			fn()
		}
		left--
		return true
	})
	b.replace(it)
}

// popInts is Pop from an intset, in one walk.
func popInts(it *keyspace.Item, m *Member, n int, fn func()) {
	s := intset.Open(it.Flat())
	at := make([]int, 0, n)
	for i, left := 0, s.Len(); len(at) < n; i, left = i+1, left-1 {
		// Of the members left so many are still to be taken, so this one is with the chance of that.
		if rand.IntN(left) < n-len(at) {
			at = append(at, i)
		}
	}
	trim := it.PlanTrim(n * s.Width())
	s = intset.Open(it.Flat())
	for _, i := range at {
		m.SetInt(s.Get(i))
		fn()
	}
	s.BatchRemove(at)
	it.FinishTrim(trim)
}

// popElems is Pop from a listpack, in one walk.
func popElems(it *keyspace.Item, m *Member, n int, fn func()) {
	lp := listpack.Open(it.Flat())
	at := lp.AppendSample(make([]int, 0, n), 1, n, rand.Uint64N)
	size := 0
	for _, p := range at {
		size += lp.EntrySize(p)
		m.setElem(lp.Get(p))
		fn()
	}
	trim := it.PlanTrim(size)
	listpack.Open(it.Flat()).BatchDelete(at)
	it.FinishTrim(trim)
}
