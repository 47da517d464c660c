package table

import (
	"encoding/binary"
	"testing"

	"granary/internal/mem"
)

// insertOrNot inserts and reports whether there was memory for it.
func insertOrNot(t *Table, e mem.Ref) (ok bool) {
	defer func() {
		if r := recover(); r != nil {
			if r != error(mem.ErrOutOfMemory) {
				panic(r)
			}
			ok = false
		}
	}()
	t.Insert(Hash(entryKey(e)), e)
	return true
}

func allocOrNot(a *mem.Arena, n int) (r mem.Ref) {
	defer func() {
		if e := recover(); e != nil && e != error(mem.ErrOutOfMemory) {
			panic(e)
		}
	}()
	return a.Alloc(n, mem.PurposeOther)
}

// TestOutOfMemory runs out of memory at every allocation that an insert can make: with 0, 1, 2, ... pages left.
// After each refusal the table is whole, and deleting works without memory. With the plain hash the keys come in the order of
// their hashes, and splits go over many levels.
func TestOutOfMemory(t *testing.T) {
	if err := mem.Open(mem.Config{Limit: 4 << 20}); err != nil {
		t.Fatal(err) // another test of this process left memory behind
	}
	t.Cleanup(func() {
		if err := mem.Open(mem.Config{}); err != nil {
			t.Error(err)
		}
	})
	for _, c := range []struct {
		seed  uint64
		every int // one entry in so many expires
	}{{1, 0}, {1, 1}, {1, 3}, {plain, 0}, {plain, 3}} {
		SetSeed(c.seed)
		refused := 0
		for pages := range 40 {
			if oomCase(t, pages, c.every) {
				refused++
			}
		}
		if refused < 10 {
			t.Errorf("%+v: memory ran out in %d cases only", c, refused)
		}
	}
	SetSeed(0)
}

// oomCase fills a table while all but some pages are taken; it reports whether memory ran out.
func oomCase(t *testing.T, pages, every int) (refused bool) {
	a := mem.NewArena("oom")
	defer a.Close()
	tab := New(a, testKind)
	var es []mem.Ref
	for i := range 3000 {
		ms := int64(0)
		if every > 0 && i%every == 0 {
			ms = int64(1 + i)
		}
		key := binary.BigEndian.AppendUint64(nil, uint64(i)<<45)
		es = append(es, newEntry(a, key, ms))
	}
	type block struct {
		r mem.Ref
		n int
	}
	var ballast []block
	take := func(size int) {
		for r := allocOrNot(a, size); r != 0; r = allocOrNot(a, size) {
			ballast = append(ballast, block{r, size})
		}
	}
	drop := func(most int) { // the last first: they lie side by side
		for ; most > 0 && len(ballast) > 0; most-- {
			b := ballast[len(ballast)-1]
			a.Free(b.r, b.n, mem.PurposeOther)
			ballast = ballast[:len(ballast)-1]
		}
	}
	take(4096)
	drop(pages)
	n := 0
	bytes := tab.Bytes()
	for n < len(es) && insertOrNot(&tab, es[n]) {
		n++
		bytes = tab.Bytes()
	}
	// A clock and the block of all clocks may be there already.
	if more := tab.Bytes() - bytes; n < len(es) && (more != 0 && every == 0 || more < 0) {
		t.Fatalf("%d pages: a refused insert changed %d bytes to %d", pages, bytes, tab.Bytes())
	}
	if err := tab.Check(); err != nil {
		t.Fatalf("%d pages, after %d entries: %v", pages, n, err)
	}
	if tab.Len() != n {
		t.Fatalf("%d pages: %d entries, want %d", pages, tab.Len(), n)
	}
	for i, e := range es {
		if _, got := tab.Find(Hash(entryKey(e)), entryKey(e)); (got == e) != (i < n) {
			t.Fatalf("%d pages: entry %d of %d: found %x, is %x", pages, i, n, got, e)
		}
	}
	// Take what is left, so that nothing can be allocated; then delete.
	for _, size := range []int{4096, 3584, 3072, 2560, 2048, 1024, 512, 256, 128, 64, 32} {
		take(size)
	}
	for i, e := range es[:n] {
		p, _ := tab.Find(Hash(entryKey(e)), entryKey(e))
		tab.Delete(p)
		if i%500 == 0 {
			if err := tab.Check(); err != nil {
				t.Fatalf("%d pages, delete %d: %v", pages, i, err)
			}
		}
	}
	tab.Free(nil)
	for _, e := range es {
		freeEntry(a, e)
	}
	drop(len(ballast))
	if b := a.Books().Total; b.Count != 0 {
		t.Fatalf("%d pages: %d blocks leaked", pages, b.Count)
	}
	return n < len(es)
}
