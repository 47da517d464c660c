package ordered

import (
	"fmt"
	"testing"

	"granary/internal/mem"
)

// insertOrNot inserts and reports whether there was memory for it.
func insertOrNot(t *Tree, e mem.Ref) (ok bool) {
	defer func() {
		if r := recover(); r != nil {
			if r != error(mem.ErrOutOfMemory) {
				panic(r)
			}
			ok = false
		}
	}()
	t.Insert(e)
	return true
}

// updateOrNot updates and reports whether there was memory for it.
func updateOrNot(t *Tree, e mem.Ref, f float64) (ok bool) {
	defer func() {
		if r := recover(); r != nil {
			if r != error(mem.ErrOutOfMemory) {
				panic(r)
			}
			ok = false
		}
	}()
	return t.Update(e, f)
}

func allocOrNot(a *mem.Arena, n int) (r mem.Ref) {
	defer func() {
		if e := recover(); e != nil && e != error(mem.ErrOutOfMemory) {
			panic(e)
		}
	}()
	return a.Alloc(n, mem.PurposeOther)
}

// TestOutOfMemory runs out of memory at every allocation that an insert can make: with 0, 1, 2, ... pages left. After each
// refusal the tree is whole, and deleting works without memory.
func TestOutOfMemory(t *testing.T) {
	if err := mem.Open(mem.Config{Limit: 4 << 20}); err != nil {
		t.Fatal(err) // another test of this process left memory behind
	}
	t.Cleanup(func() {
		if err := mem.Open(mem.Config{}); err != nil {
			t.Error(err)
		}
	})
	for name, score := range map[string]func(i int) float64{
		"scattered": func(i int) float64 { return float64(i * 7919 % 10_007) },
		"ascending": func(i int) float64 { return float64(i) },
		"equal":     func(i int) float64 { return 0 },
	} {
		refused := 0
		for pages := range 40 {
			if oomCase(t, pages, score) {
				refused++
			}
		}
		if refused < 10 {
			t.Errorf("%s: memory ran out in %d cases only", name, refused)
		}
	}
}

// oomCase fills a tree while all but some pages are taken; it reports whether memory ran out.
func oomCase(t *testing.T, pages int, score func(int) float64) (refused bool) {
	a := mem.NewArena("oom")
	defer a.Close()
	tree := New(a, testKind)
	var es []mem.Ref
	for i := range 10_000 {
		es = append(es, newEntry(a, score(i), fmt.Sprint(i*7919%10_007)))
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
	check := func(n int) {
		t.Helper()
		if err := tree.Check(); err != nil {
			t.Fatalf("%d pages, %d entries: %v", pages, n, err)
		}
		if got := a.Books().Purposes[mem.PurposeZSetIndex].Usable; tree.Len() != n || got != tree.Bytes() {
			t.Fatalf("%d pages: %d entries, want %d; Bytes is %d, the books say %d", pages, tree.Len(), n, tree.Bytes(), got)
		}
	}
	take(4096)
	drop(pages)
	n := 0
	for n < len(es) && insertOrNot(&tree, es[n]) {
		n++
	}
	check(n)
	for i, e := range es {
		if _, ok := tree.Rank(e); ok != (i < n) {
			t.Fatalf("%d pages: entry %d of %d: found %v", pages, i, n, ok)
		}
	}
	// Take what is left, so that nothing can be allocated; then delete.
	for _, size := range []int{4096, 3584, 3072, 2560, 2048, 1024, 896, 768, 640, 512, 384, 256, 128} {
		take(size)
	}
	// Give them other scores: where there is no memory for it, nothing changes.
	updated := 0
	for i, e := range es[:n] {
		was := entryScore(e)
		f := float64(i*i%n) + 0.5
		if updateOrNot(&tree, e, f) {
			updated++
		} else if entryScore(e) != was {
			t.Fatalf("%d pages: score %v has become %v", pages, was, entryScore(e))
		}
		if _, ok := tree.Rank(e); !ok {
			t.Fatalf("%d pages: entry %d of %d is lost by Update", pages, i, n)
		}
		if i%500 == 0 {
			check(n)
		}
	}
	if n > 0 && updated == 0 {
		t.Errorf("%d pages: no entry of %d updated", pages, n)
	}
	at := n
	for i, e := range es[:n] {
		if i%3 == 0 && i < n/2 {
			continue // to be deleted as a range
		}
		if !tree.Delete(e) {
			t.Fatalf("%d pages: entry %d of %d is lost", pages, i, n)
		}
		if at--; i%500 == 0 {
			check(at)
		}
	}
	for at > 0 {
		at -= tree.DeleteRange(0, at, func(mem.Ref) {})
		check(at)
	}
	tree.Free(nil)
	for _, e := range es {
		freeEntry(a, e)
	}
	drop(len(ballast))
	if b := a.Books().Total; b.Count != 0 {
		t.Fatalf("%d pages: %d blocks leaked", pages, b.Count)
	}
	return n < len(es)
}
