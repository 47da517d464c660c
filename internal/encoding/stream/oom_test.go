package stream

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"granary/internal/mem"
)

// TestOutOfMemory runs histories with 0, 1, 2, ... pages left. After each refusal the stream is what it was.
func TestOutOfMemory(t *testing.T) {
	if err := mem.Open(mem.Config{Limit: 8 << 20}); err != nil {
		t.Fatal(err) // another test of this process left memory behind
	}
	t.Cleanup(func() {
		if err := mem.Open(mem.Config{}); err != nil {
			t.Error(err)
		}
	})
	refused := 0
	for pages := range 40 {
		refused += oomCase(t, pages)
	}
	t.Logf("refused %d times", refused)
	if refused < 1000 {
		t.Errorf("memory ran out %d times only", refused)
	}
}

// ballast holds the memory that a stream is not to have.
type ballast struct {
	a      *mem.Arena
	blocks []mem.Ref
	sizes  []int
}

func (b *ballast) take(size int) {
	for {
		var r mem.Ref
		if !mem.Try(func() { r = b.a.Alloc(size, mem.PurposeOther) }) {
			return
		}
		b.blocks, b.sizes = append(b.blocks, r), append(b.sizes, size)
	}
}

func (b *ballast) drop(most int) {
	for ; most > 0 && len(b.blocks) > 0; most-- {
		n := len(b.blocks) - 1
		b.a.Free(b.blocks[n], b.sizes[n], mem.PurposeOther)
		b.blocks, b.sizes = b.blocks[:n], b.sizes[:n]
	}
}

func oomCase(t *testing.T, pages int) (refused int) {
	a := mem.NewArena("oom")
	defer a.Close()
	rng := rand.New(rand.NewPCG(*seedFlag, uint64(pages)))
	s := New(a)
	g, _ := s.CreateGroup([]byte("g"), MinID, 0)
	c, _ := g.CreateConsumer([]byte("c"), 0)
	b := ballast{a: a}
	b.take(4096)
	b.drop(pages)
	var ids []ID
	var pending []ID
	same := func(what string) {
		t.Helper()
		if err := s.Check(); err != nil {
			t.Fatalf("%d pages, %s: %v", pages, what, err)
		}
		var it Iter
		s.Range(&it, MinID, MaxID, false)
		for _, id := range ids {
			if !it.Next() || it.ID != id {
				t.Fatalf("%d pages, %s: entry %v, want %v", pages, what, it.ID, id)
			}
		}
		if it.Next() || s.Len() != len(ids) || g.Pending() != len(pending) || c.Pending() != len(pending) {
			t.Fatalf("%d pages, %s: %d entries, %d pending", pages, what, s.Len(), g.Pending())
		}
	}
	for i := range 500 {
		id := ID{uint64(i + 1), 0}
		fields := byteSlices(randomFields(rng))
		if mem.Try(func() { _ = s.Append(id, fields, Limits{4096, 150}) }) {
			ids = append(ids, id)
		} else {
			refused++
		}
		pend := ID{rng.Uint64N(1000), 0}
		if _, has := g.Find(pend); !has {
			if mem.Try(func() { g.Assign(pend, c, 1, 1) }) {
				pending = append(pending, pend)
			} else {
				refused++
			}
		}
		if !mem.Try(func() { g.CreateConsumer(fmt.Appendf(nil, "consumer%d", i), 1) }) {
			refused++
		}
		if !mem.Try(func() { s.CreateGroup(fmt.Appendf(nil, "group%d", rng.IntN(300)), MinID, 0) }) {
			refused++
		}
		if i%100 == 99 {
			same("filling")
			var d Stream
			if mem.Try(func() { d = s.Copy() }) {
				d.Free()
			} else {
				refused++
			}
		}
	}
	same("full")
	for _, size := range []int{4096, 3584, 3072, 2560, 2048, 1024, 512, 256, 128, 64, 32, 16, 8} {
		b.take(size)
	}
	for len(ids) > 0 || len(pending) > 0 {
		if len(ids) > 0 {
			i := rng.IntN(len(ids))
			if mem.Try(func() { s.Delete(ids[i]) }) {
				ids = slices.Delete(ids, i, i+1)
			} else {
				refused++ // a count became longer
				b.drop(3)
			}
		}
		if len(pending) > 0 {
			i := rng.IntN(len(pending))
			g.Ack(pending[i])
			pending = slices.Delete(pending, i, i+1)
		}
		if (len(ids)+len(pending))%100 == 0 {
			same("emptying")
		}
	}
	s.Free()
	b.drop(len(b.blocks))
	if n := a.Books().Total; n.Count != 0 {
		t.Fatalf("%d pages: %d blocks leaked", pages, n.Count)
	}
	return refused
}
