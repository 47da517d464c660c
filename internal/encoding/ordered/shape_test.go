package ordered

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"testing"

	"granary/internal/mem"
)

// TestWindow inserts at one end and deletes at the other, and then takes out stretches of a large tree: what it costs stays in
// proportion, and its height falls again.
func TestWindow(t *testing.T) {
	n := 60_000
	if raceBuild {
		n = 6000
	}
	for _, dir := range []int{1, -1} {
		a := noLeak(t)
		tree := New(a, testKind)
		check := func(what string, most float64) {
			t.Helper()
			if err := tree.Check(); err != nil {
				t.Fatalf("%s: %v", what, err)
			}
			per := float64(tree.Bytes()) / float64(tree.Len())
			t.Logf("%s, direction %d: %d entries, height %d, %.2f bytes each", what, dir, tree.Len(), tree.head().height(), per)
			if per > most {
				t.Errorf("%s: %.2f bytes per entry", what, per)
			}
		}
		push := func(i int) { tree.Insert(newEntry(a, float64(dir*i), "")) }
		pop := func() {
			rank := 0
			if dir < 0 {
				rank = tree.Len() - 1
			}
			freeEntry(a, tree.DeleteAt(rank))
		}
		for i := range n {
			push(i)
		}
		check("grown", 6.8)
		for i := range n {
			push(n + i)
			pop()
		}
		check("moved on", 6.8)
		rnd := rand.New(rand.NewPCG(1, 1))
		cut := func(rank, count int) {
			for count > 0 {
				count -= tree.DeleteRange(rank, count, func(e mem.Ref) { freeEntry(a, e) })
			}
		}
		for tree.Len() > n/2 {
			cut(rnd.IntN(tree.Len()-100), rnd.IntN(100))
		}
		check("with gaps", 8.6)
		cut(tree.Len()/10, tree.Len()/2)
		check("with a hole", 8.6)
		for tree.Len() > 300 {
			cut(rnd.IntN(tree.Len()-200), rnd.IntN(200))
		}
		check("almost empty", 10.5)
		for tree.Len() > 50 {
			pop()
		}
		if h := tree.head().height(); h != 0 {
			t.Errorf("height %d with 50 entries", h)
		}
		tree.Free(func(e mem.Ref) { freeEntry(a, e) })
	}
}

// TestLongMembers has members that begin alike for longer than a prefix can tell.
func TestLongMembers(t *testing.T) {
	a := noLeak(t)
	const long = 70_000
	var buf [long]byte
	k := &Kind{
		Name:    "long",
		Score:   func(mem.Ref) float64 { return 1 },
		Member:  func(r mem.Ref) []byte { b := mem.Bytes(r, long); return b[:binary.LittleEndian.Uint32(b[long-4:])] },
		Purpose: mem.PurposeZSetIndex,
	}
	tree := New(a, k)
	rnd := rand.New(rand.NewPCG(1, 1))
	var es []mem.Ref
	for i := range 400 {
		e := a.Alloc(long, mem.PurposeZSetMember)
		b := mem.Bytes(e, long)
		copy(b, buf[:])
		// The members differ at the end, in length, or, some, at the start.
		n := copy(b[65_520+rnd.IntN(2000):], fmt.Sprintf("%d", i))
		if i%50 == 49 {
			b[rnd.IntN(100)] = byte(i)
		}
		binary.LittleEndian.PutUint32(b[long-4:], uint32(long-1000-i+n))
		tree.Insert(e)
		es = append(es, e)
		if i%20 == 0 {
			if err := tree.Check(); err != nil {
				t.Fatal(err)
			}
		}
	}
	for i, e := range es {
		r, ok := tree.Rank(e)
		if it := tree.SeekMember(1, k.Member(e), false); !ok || it.Entry() != e || it.Rank() != r {
			t.Fatalf("entry %d: rank %d, %v", i, r, ok)
		}
	}
	for i, e := range es {
		if !tree.Delete(e) {
			t.Fatalf("entry %d is lost", i)
		}
		a.Free(e, long, mem.PurposeZSetMember)
		if i%20 == 0 {
			if err := tree.Check(); err != nil {
				t.Fatal(err)
			}
		}
	}
	tree.Free(nil)
}
