package stream

import (
	"encoding/binary"
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"granary/internal/mem"
)

var seedFlag = flag.Uint64("seed", 1, "seed of the random histories")

// noLeak returns an arena that must be empty at the end of the test.
func noLeak(t testing.TB) *mem.Arena {
	a := mem.NewArena("test")
	t.Cleanup(func() {
		if b := a.Books().Total; b.Count == 0 {
			a.Close()
		} else if !t.Failed() {
			t.Errorf("leak: %d regions, %d bytes", b.Count, b.Usable)
		}
	})
	return a
}

// treeModel is a tree beside a sorted slice.
type treeModel struct {
	tb   testing.TB
	t    *tree
	k    *kind
	bk   books
	keys []ID
}

func newTreeModel(tb testing.TB, width int) *treeModel {
	return &treeModel{
		tb: tb, t: &tree{}, k: &kind{width: width, purpose: mem.PurposeStream},
		bk: books{noLeak(tb), new(int64)},
	}
}

func (m *treeModel) index(key ID) (int, bool) {
	return slices.BinarySearchFunc(m.keys, key, ID.Compare)
}

// stamp is what the value of a key holds.
func stamp(v []byte, key ID) {
	for i := range v {
		v[i] = byte(key.Ms*7 + key.Seq + uint64(i))
	}
}

func (m *treeModel) insert(key ID) {
	i, has := m.index(key)
	v, added := m.t.insert(m.bk, m.k, key)
	if added == has {
		m.tb.Fatalf("insert %v: added %v, was there %v", key, added, has)
	}
	if added {
		stamp(v, key)
		m.keys = slices.Insert(m.keys, i, key)
	}
	m.value(v, key)
}

func (m *treeModel) value(v []byte, key ID) {
	want := make([]byte, m.k.width)
	stamp(want, key)
	if string(v) != string(want) {
		m.tb.Fatalf("value of %v is %x, want %x", key, v, want)
	}
}

func (m *treeModel) remove(key ID) {
	i, has := m.index(key)
	if got := m.t.remove(m.bk, m.k, key); got != has {
		m.tb.Fatalf("remove %v: %v, was there %v", key, got, has)
	}
	if has {
		m.keys = slices.Delete(m.keys, i, i+1)
	}
}

// look compares the searches for one key.
func (m *treeModel) look(key ID) {
	i, has := m.index(key)
	v := m.t.get(m.k, key)
	if (v != nil) != has {
		m.tb.Fatalf("get %v: %x, is there %v", key, v, has)
	}
	m.same(m.t.atLeast(m.k, key), i)
	if !has {
		i--
	}
	m.same(m.t.atMost(m.k, key), i)
}

func (m *treeModel) same(c cursor, i int) {
	if c.ok() != (i >= 0 && i < len(m.keys)) || c.ok() && c.key(m.k) != m.keys[i] {
		m.tb.Helper()
		m.tb.Fatalf("cursor %v, index %d of %d", c, i, len(m.keys))
	}
}

func (m *treeModel) check() {
	i := 0
	sum := int64(0)
	n, err := m.t.check(m.k, &sum, func(key ID, v []byte) error {
		if i >= len(m.keys) || m.keys[i] != key {
			return fmt.Errorf("index %d", i)
		}
		m.value(v, key)
		i++
		return nil
	})
	if err != nil || n != len(m.keys) || uint64(n) != m.t.n || sum != *m.bk.sum || sum != m.bk.arena.Used() {
		m.tb.Fatalf("%d keys, want %d, bytes %d, sum %d, books %d: %v", n, len(m.keys), sum, *m.bk.sum, m.bk.arena.Used(), err)
	}
	c := m.t.atLeast(m.k, MinID)
	for i := 0; ; i++ {
		m.same(c, i)
		if !c.ok() {
			break
		}
		c = m.t.next(m.k, c)
	}
	c = m.t.atMost(m.k, MaxID)
	for i := len(m.keys) - 1; ; i-- {
		m.same(c, i)
		if !c.ok() {
			break
		}
		c = m.t.prev(m.k, c)
	}
}

func (m *treeModel) free() {
	for m.t.n > 0 {
		m.t.freeSlice(m.bk, m.k, 100, nil)
		if m.t.n%7 == 0 {
			if _, err := m.t.check(m.k, new(int64), func(ID, []byte) error { return nil }); err != nil {
				// A root with one child is right while it is being freed.
				if err.Error() != "root with one child" {
					m.tb.Fatal(err)
				}
			}
		}
	}
}

func TestTree(t *testing.T) {
	for _, width := range []int{0, nodeWidth, entryWidth} {
		for shape := range 5 {
			t.Run(fmt.Sprintf("width=%d,shape=%d", width, shape), func(t *testing.T) {
				rng := rand.New(rand.NewPCG(*seedFlag, uint64(shape)))
				m := newTreeModel(t, width)
				next := ID{1 << 40, 0}
				draw := func() ID {
					switch {
					case shape == 0: // ascending
						next.Seq++
						return next
					case shape == 1: // descending
						next.Ms--
						return next
					case len(m.keys) > 0 && rng.IntN(3) == 0:
						return m.keys[rng.IntN(len(m.keys))]
					}
					return ID{rng.Uint64N(100), rng.Uint64N(1000) << (rng.IntN(2) * 54)}
				}
				for phase := range 6 {
					grow := 9 - 8*(phase%2)
					for step := range 4000 {
						switch {
						case rng.IntN(10) < grow:
							m.insert(draw())
						case len(m.keys) == 0:
						case shape == 2: // from the start
							m.remove(m.keys[0])
						case shape == 3: // from the end
							m.remove(m.keys[len(m.keys)-1])
						default:
							m.remove(m.keys[rng.IntN(len(m.keys))])
						}
						m.look(draw())
						if step%500 == 0 {
							m.check()
						}
					}
					m.check()
				}
				m.free()
				m.gone()
			})
		}
	}
}

func (m *treeModel) gone() {
	if m.t.word != 0 || *m.bk.sum != 0 {
		m.tb.Fatalf("freed: %+v, %d bytes", m.t, *m.bk.sum)
	}
}

func TestTreeEnds(t *testing.T) {
	m := newTreeModel(t, 5)
	for _, key := range []ID{MaxID, MinID, {0, 1}, {1<<64 - 1, 1<<64 - 2}, {0, 1<<64 - 1}, {1, 0}} {
		m.insert(key)
		m.look(MinID)
		m.look(MaxID)
		m.check()
	}
	m.free()
}

// TestTreeFill pins what the trees are meant for: keys that come in order fill the blocks.
func TestTreeFill(t *testing.T) {
	for _, c := range []struct {
		width int
		most  float64
	}{{0, 17}, {nodeWidth, 27}, {entryWidth, 34}} {
		m := newTreeModel(t, c.width)
		const n = 50000
		for i := range n {
			v, _ := m.t.insert(m.bk, m.k, ID{uint64(i), 0})
			stamp(v, ID{})
		}
		if per := float64(*m.bk.sum) / n; per > c.most {
			t.Errorf("width %d: %.2f bytes per entry, want at most %v", c.width, per, c.most)
		} else {
			t.Logf("width %d: %.2f bytes per entry", c.width, per)
		}
		m.free()
	}
}

func TestNames(t *testing.T) {
	rng := rand.New(rand.NewPCG(*seedFlag, 9))
	a := noLeak(t)
	bk := books{a, new(int64)}
	var x names
	has := map[string]mem.Ref{}
	check := func() {
		t.Helper()
		sum := int64(0)
		if err := x.check(&sum, func(mem.Ref) error { return nil }); err != nil {
			t.Fatal(err)
		}
		if sum != *bk.sum || x.n != uint64(len(has)) {
			t.Fatalf("%d bytes, sum %d; %d records, want %d", sum, *bk.sum, x.n, len(has))
		}
	}
	for phase := range 4 {
		for step := range 4000 {
			name := binary.BigEndian.AppendUint32(nil, rng.Uint32N(3000))[2:]
			p, r := x.find(name)
			if r != has[string(name)] {
				t.Fatalf("find %q: %x, want %x", name, r, has[string(name)])
			}
			if grow := rng.IntN(10) < 9-8*(phase%2); grow && r == 0 {
				r = newRecord(a, consumerBytes, name)
				x.insert(bk, p, r)
				has[string(name)] = r
			} else if !grow && r != 0 {
				x.remove(bk, p)
				a.Free(r, recordBytes(r), mem.PurposeStreamGroup)
				delete(has, string(name))
			}
			if step%400 == 0 {
				check()
			}
		}
		check()
	}
	i := 0
	for p := (place{}); x.get(p) != 0; p = x.next(p) {
		if q, ok := x.seek(i); !ok || q != p {
			t.Fatalf("record %d is at %v, sought at %v", i, p, q)
		}
		i++
	}
	for x.n > 0 {
		p := x.last()
		r := x.get(p)
		x.remove(bk, p)
		a.Free(r, recordBytes(r), mem.PurposeStreamGroup)
	}
	if x.word != 0 || *bk.sum != 0 {
		t.Fatalf("%+v, %d bytes", x, *bk.sum)
	}
}
