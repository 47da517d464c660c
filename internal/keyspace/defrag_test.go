package keyspace

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"granary/internal/encoding/hash"
	"granary/internal/encoding/intset"
	"granary/internal/encoding/listpack"
	"granary/internal/encoding/quicklist"
	"granary/internal/encoding/set"
	"granary/internal/encoding/stream"
	"granary/internal/encoding/zset"
	"granary/internal/mem"
	"granary/internal/object"
)

// sparseData fills a database with n keys of every type and size, large values of most elements among them, and deletes all
// but keep of 100 keys and elements.
func sparseData(ks *Keyspace, r *rand.Rand, n, most, keep int) {
	db, a := ks.DBs[0], ks.Arena
	name := func(i int) []byte { return fmt.Appendf(nil, "key:%d", i) }
	text := func() []byte { return make([]byte, []int{3, 30, 60, 200, 900, 3000}[r.IntN(6)]) }
	for i := range n {
		it := db.Write(name(i))
		switch {
		case i%5 == 0:
			ints := intset.New(make([]byte, 0, 4096))
			for j := range 1 + r.IntN(400) {
				ints, _ = ints.Add(int64(j))
			}
			it.PutFlat(object.Set, object.Intset, ints.Bytes())
		default:
			expiry := int64(0)
			if i%3 == 0 {
				expiry = ks.Now + 1e9
			}
			it.SetString(text(), expiry)
		}
	}
	elem := func(i int) []byte { return fmt.Appendf(nil, "element:%d", i) }
	for i, put := range []func(*Item){
		func(it *Item) {
			h := hash.New(a)
			for j := range most {
				h.Add(elem(j), text(), 0)
			}
			it.PutRoot(object.Hash, object.Hashtable, h.Root())
		},
		func(it *Item) {
			s := set.New(a)
			for j := range most {
				s.Insert(set.Hash(elem(j)), elem(j))
			}
			it.PutRoot(object.Set, object.Hashtable, s.Root())
		},
		func(it *Item) {
			z := zset.New(a)
			for j := range most {
				z.Add(z.Find(elem(j)), elem(j), float64(r.IntN(most)))
			}
			it.PutRoot(object.ZSet, object.Skiplist, z.Root())
		},
		func(it *Item) {
			l := quicklist.New(object.Lists(a), -2, 0)
			for range most {
				l.PushTail(listpack.Of(text()))
			}
			it.PutRoot(object.List, object.Quicklist, l.Root())
		},
		func(it *Item) {
			s := stream.New(a)
			for j := range most {
				s.Append(stream.ID{Ms: uint64(j + 1)}, [][]byte{[]byte("field"), text()}, stream.Limits{Bytes: 4096, Entries: 100})
			}
			it.PutRoot(object.Stream, object.StreamTree, s.Root())
		},
	} {
		it := db.Write(fmt.Appendf(nil, "large:%d", i))
		put(&it)
	}
	gone := func() bool { return r.IntN(100) >= keep }
	for i := range n {
		if it := db.Write(name(i)); gone() {
			it.Delete()
		}
	}
	root := func(i int) mem.Ref {
		it := db.Find(fmt.Appendf(nil, "large:%d", i))
		return it.Entry.Root()
	}
	h, s, z, x := hash.Open(a, root(0)), set.Open(a, root(1)), zset.Open(a, root(2)), stream.Open(a, root(4))
	for j := range most {
		if gone() {
			h.Delete(elem(j))
		}
		if gone() {
			s.Remove(set.Hash(elem(j)), elem(j))
		}
		if gone() {
			z.Remove(z.Find(elem(j)))
		}
		if gone() {
			x.Delete(stream.ID{Ms: uint64(j + 1)})
		}
	}
}

// mostAsked is the most regions that a unit of compaction may ask about: a bucket of thirty entries, with a value each that
// has as many parts as are moved with their entry, and the blocks of a segment.
const mostAsked = 30*(3+inlineParts) + 10

// TestDefragFrees compacts data of all kinds that became sparse: what the plan promised comes back, the books and the data
// stay, and no unit does more than a bucket's work, however large a value is.
func TestDefragFrees(t *testing.T) {
	ks := New(mem.NewArena("test"), 2)
	ks.Now = 1_700_000_000_000
	r := rand.New(rand.NewPCG(newSeed(t), 7))
	sparseData(ks, r, 40_000, 20_000, 40)
	for !ks.Reclaim(far()) {
	}
	before, promised := ks.Arena.Books().Total, ks.Arena.Reclaimable()
	most, passes := int64(0), 0
	for ; passes < 4 && ks.Arena.Reclaimable() > ks.Arena.Used()/200; passes++ {
		ks.BeginDefrag()
		for done := false; !done; {
			m := ks.Arena.Moves()
			done = ks.DefragUnit()
			now := ks.Arena.Moves()
			most = max(most, now.Moved+now.Kept-m.Moved-m.Kept)
		}
	}
	left := ks.Arena.Reclaimable()
	t.Logf("%d of %d bytes came back in %d passes, %d units; at most %d regions in a unit", promised-left, promised, passes,
		ks.Defrag.Stats.Units, most)
	if left > ks.Arena.Used()/200 || promised < ks.Arena.Used()/4 {
		t.Errorf("%d bytes could be freed, %d of them still can", promised, left)
	}
	if most > mostAsked {
		t.Errorf("a unit asked about %d regions, more than %d", most, mostAsked)
	}
	if now := ks.Arena.Books().Total; now != before {
		t.Errorf("the books were %+v and are %+v", before, now)
	}
	if err := ks.Check(); err != nil {
		t.Error(err)
	}
	if s := ks.Defrag.Stats; s.KeyHits == 0 || s.KeyMisses == 0 || s.NoMemory != 0 {
		t.Errorf("%+v", s)
	}
	emptyAgain(t, ks)
}

// TestDefragMovesAll moves every region there is, of every purpose that belongs to keys, and finds that all of them were asked
// about.
func TestDefragMovesAll(t *testing.T) {
	ks := New(mem.NewArena("test"), 1)
	ks.Now = 1_700_000_000_000
	sparseData(ks, rand.New(rand.NewPCG(newSeed(t), 8)), 2000, 3000, 60)
	for !ks.Reclaim(far()) {
	}
	small := int64(0)
	for _, c := range ks.Arena.Books().Classes {
		if c.Slabs > 0 {
			small += c.Count
		}
	}
	moved := ks.DefragUnits(1, true)
	for ks.Defragmenting() {
		moved += ks.DefragUnits(1, true)
	}
	if moved != small {
		t.Errorf("%d of %d regions moved", moved, small)
	}
	if err := ks.Check(); err != nil {
		t.Error(err)
	}
	emptyAgain(t, ks)
}

// TestDefragEnds compacts what cannot be freed: regions that nobody may move pin their slabs.
func TestDefragEnds(t *testing.T) {
	ks := New(mem.NewArena("test"), 1)
	db := ks.DBs[0]
	var pins []mem.Ref
	for i := range 20_000 {
		it := db.Write(fmt.Appendf(nil, "key:%d", i))
		it.SetString(make([]byte, 30), 0)
		if i%100 == 0 {
			pins = append(pins, ks.Arena.Alloc(48, mem.PurposeOther))
		}
	}
	for i := range 20_000 {
		if i%10 > 0 {
			it := db.Write(fmt.Appendf(nil, "key:%d", i))
			it.Delete()
		}
	}
	promised := ks.Arena.Reclaimable()
	units := 0
	for ks.BeginDefrag(); !ks.DefragUnit(); units++ {
	}
	if left := ks.Arena.Reclaimable(); left == 0 || left > promised {
		t.Errorf("%d bytes are left of %d, although there are pins", left, promised)
	}
	t.Logf("%d bytes are left of %d after %d units", ks.Arena.Reclaimable(), promised, units)
	// Who pins: found by a walk over the sparsest slabs, which counts what belongs to keys.
	class, _ := mem.SlabClass(48)
	slabs := ks.Arena.Sparsest(class, 4, 1024)
	owned := make([]int, len(slabs))
	w := ks.WalkSlabs(slabs, func(o Owner) {
		if o.Entry == 0 || o.Purpose != mem.PurposeEntry {
			t.Errorf("%+v owns a region", o)
		}
		owned[o.Slab]++
	})
	for !w.Slice(far()) {
	}
	pinned := 0
	for i, s := range slabs {
		pinned += ks.Arena.Live(class, s) - owned[i]
	}
	if pinned == 0 {
		t.Errorf("the %d sparsest slabs have no region that is no key's: %v", len(slabs), slabs)
	}
	for _, r := range pins {
		ks.Arena.Free(r, 48, mem.PurposeOther)
	}
	for ks.BeginDefrag(); !ks.DefragUnit(); {
	}
	if left := ks.Arena.Reclaimable(); left > promised/20 {
		t.Errorf("%d bytes are left of %d without pins", left, promised)
	}
	emptyAgain(t, ks)
}

// emptyAgain empties the keyspace and fails the test if anything stays.
func emptyAgain(t *testing.T, ks *Keyspace) {
	t.Helper()
	ks.FlushAll(true)
	for !ks.Reclaim(far()) {
	}
	if n := ks.Arena.Used(); n != 0 {
		t.Errorf("%d bytes stay", n)
	}
}
