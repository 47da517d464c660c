package table

import (
	"encoding/binary"
	"flag"
	"fmt"
	"math/rand/v2"
	"testing"

	"granary/internal/invariants"
	"granary/internal/mem"
)

var seedFlag = flag.Uint64("seed", 1, "seed of the random histories")

// A test entry: 8 bytes of expiry, 8 bytes of key length, the key.
var testKind = &Kind{
	Name:    "test",
	Key:     func(r mem.Ref) []byte { return entryKey(r) },
	Expire:  func(r mem.Ref) int64 { return int64(binary.LittleEndian.Uint64(mem.Bytes(r, 8))) },
	Purpose: mem.PurposeTable,
}

func entryKey(r mem.Ref) []byte {
	n := int(binary.LittleEndian.Uint64(mem.Bytes(r, 16)[8:]))
	return mem.Bytes(r, 16+n)[16:]
}

func newEntry(a *mem.Arena, key []byte, ms int64) mem.Ref {
	r := a.Alloc(16+len(key), mem.PurposeEntry)
	b := mem.Bytes(r, 16+len(key))
	binary.LittleEndian.PutUint64(b, uint64(ms))
	binary.LittleEndian.PutUint64(b[8:], uint64(len(key)))
	copy(b[16:], key)
	return r
}

func freeEntry(a *mem.Arena, r mem.Ref) { a.Free(r, 16+len(entryKey(r)), mem.PurposeEntry) }

func setExpiry(r mem.Ref, ms int64) { binary.LittleEndian.PutUint64(mem.Bytes(r, 8), uint64(ms)) }

// fixSeed makes hashes repeatable for one test.
func fixSeed(t testing.TB, s uint64) {
	SetSeed(s)
	t.Cleanup(func() { SetSeed(0) })
}

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

// model is a table beside a Go map.
type model struct {
	tb    testing.TB
	a     *mem.Arena
	t     Table
	keys  map[string]int64 // expiry
	order []string         // to draw from
	at    map[string]int   // index in order
}

func newModel(tb testing.TB) *model {
	a := noLeak(tb)
	m := &model{tb: tb, a: a, t: New(a, testKind), keys: map[string]int64{}, at: map[string]int{}}
	return m
}

func (m *model) set(key string, ms int64) {
	h := Hash([]byte(key))
	p, old := m.t.Find(h, []byte(key))
	_, has := m.keys[key]
	if has != (old != 0) {
		m.tb.Fatalf("%q: there %v, found %v", key, has, old != 0)
	}
	e := newEntry(m.a, []byte(key), ms)
	if old != 0 {
		freeEntry(m.a, old) // Replace does not read it
		m.t.Replace(p, e)
	} else {
		m.t.Insert(h, e)
		m.at[key] = len(m.order)
		m.order = append(m.order, key)
	}
	m.keys[key] = ms
}

func (m *model) expire(key string, ms int64) {
	p, e := m.t.Find(Hash([]byte(key)), []byte(key))
	if e == 0 {
		m.tb.Fatalf("%q is gone", key)
	}
	setExpiry(e, ms)
	m.t.NoteExpire(p, ms)
	m.keys[key] = ms
}

func (m *model) del(key string) {
	p, e := m.t.Find(Hash([]byte(key)), []byte(key))
	if _, has := m.keys[key]; has != (e != 0) {
		m.tb.Fatalf("%q: there %v, found %v", key, has, e != 0)
	}
	if e != 0 {
		m.delAt(p, e)
	}
}

func (m *model) delAt(p Pos, e mem.Ref) {
	key := string(entryKey(e))
	freeEntry(m.a, e) // Delete does not read it
	m.t.Delete(p)
	delete(m.keys, key)
	last := m.order[len(m.order)-1]
	m.order[m.at[key]] = last
	m.at[last] = m.at[key]
	m.order = m.order[:len(m.order)-1]
	delete(m.at, key)
}

func (m *model) check() {
	m.tb.Helper()
	if err := m.t.Check(); err != nil {
		m.tb.Fatal(err)
	}
	if m.t.Len() != len(m.keys) {
		m.tb.Fatalf("Len is %d, want %d", m.t.Len(), len(m.keys))
	}
	b := m.a.Books()
	if got := b.Purposes[mem.PurposeTable].Usable + b.Purposes[mem.PurposeExpire].Usable; got != m.t.Bytes() {
		m.tb.Fatalf("Bytes is %d, the books say %d", m.t.Bytes(), got)
	}
	n := 0
	for _, ms := range m.keys {
		if ms > 0 {
			n++
		}
	}
	if m.t.CountExpires() != n {
		m.tb.Fatalf("CountExpires is %d, want %d", m.t.CountExpires(), n)
	}
}

func (m *model) verifyAll() {
	m.tb.Helper()
	m.check()
	for k := range m.keys {
		if _, e := m.t.Find(Hash([]byte(k)), []byte(k)); e == 0 || string(entryKey(e)) != k {
			m.tb.Fatalf("%q is lost", k)
		}
	}
	n := 0
	m.t.Each(func(mem.Ref) bool { n++; return true })
	if n != len(m.keys) {
		m.tb.Fatalf("Each gave %d of %d", n, len(m.keys))
	}
}

func (m *model) free() { m.t.Free(func(e mem.Ref) { freeEntry(m.a, e) }) }

// TestRandomHistories grows and shrinks a table at random and compares it with a map.
func TestRandomHistories(t *testing.T) {
	t.Logf("seed %d", *seedFlag)
	peaks := []int{3, 30, 300, 3000, 30000}
	if raceBuild {
		peaks = peaks[:4]
	}
	for _, peak := range peaks {
		t.Run(fmt.Sprint(peak), func(t *testing.T) {
			rnd := rand.New(rand.NewPCG(*seedFlag, uint64(peak)))
			m := newModel(t)
			steps := 20 * min(peak, 3000)
			every := 1 + steps/50
			if invariants.Enabled {
				every = 1 + steps/500
			}
			goal := 0
			for i := range steps {
				if i%every == 0 {
					m.check()
				}
				if i%(1+steps/9) == 0 {
					goal = rnd.IntN(peak + 1)
					m.t.Expect([]int{0, 0, goal, 3 * peak, rnd.IntN(1 << 30)}[rnd.IntN(5)])
				}
				for range 1 + peak/3000 {
					grow := len(m.keys) < goal
					if rnd.IntN(4) == 0 {
						grow = !grow
					}
					ms := int64(0)
					if rnd.IntN(3) == 0 {
						ms = 1 + rnd.Int64N(1<<uint(1+rnd.IntN(50)))
					}
					switch {
					case grow:
						m.set(fmt.Sprint(rnd.IntN(2*peak)), ms)
					case len(m.order) > 0 && rnd.IntN(4) == 0:
						m.expire(m.order[rnd.IntN(len(m.order))], ms)
					case len(m.order) > 0:
						m.del(m.order[rnd.IntN(len(m.order))])
					default:
						m.del(fmt.Sprint(rnd.IntN(2 * peak)))
					}
				}
			}
			m.verifyAll()
			for len(m.order) > 0 {
				m.del(m.order[rnd.IntN(len(m.order))])
			}
			m.verifyAll()
			// All is given back: a root, one bucket and nothing else (an expiry block goes when its time comes).
			for i := 0; i < 100; i++ {
				m.t.NextExpired(never - 1)
			}
			if want := int64(mem.Usable(rootBytes) + mem.Usable(bucketSize)); m.t.Bytes() != want {
				t.Errorf("an emptied table holds %d bytes, want %d", m.t.Bytes(), want)
			}
			m.free()
		})
	}
}

// TestOpen pins that a table is its root block, and the size of what a small table costs.
func TestOpen(t *testing.T) {
	m := newModel(t)
	m.set("a", 0)
	again := Open(m.a, testKind, m.t.Root())
	if _, e := again.Find(Hash([]byte("a")), []byte("a")); e == 0 || again.Len() != 1 {
		t.Error("the opened table is another one")
	}
	if m.t.Bytes() != 120 {
		t.Errorf("a table of one entry takes %d bytes", m.t.Bytes())
	}
	m.free()
}

// TestAllocs pins that no operation allocates on the Go heap, growth and shrinking included.
func TestAllocs(t *testing.T) {
	a := noLeak(t)
	tab := New(a, testKind)
	var es []mem.Ref
	for i := range 3000 {
		es = append(es, newEntry(a, fmt.Append(nil, i), int64(i%2)))
	}
	if n := testing.AllocsPerRun(10, func() {
		for _, e := range es {
			tab.Insert(Hash(entryKey(e)), e)
		}
		for _, e := range es {
			p, got := tab.Find(Hash(entryKey(e)), entryKey(e))
			if got != e {
				t.Fatal("lost")
			}
			tab.Replace(p, e)
			tab.NextExpired(0)
		}
		tab.Random(1)
		for _, e := range es {
			p, _ := tab.Find(Hash(entryKey(e)), entryKey(e))
			tab.Delete(p)
		}
	}); n != 0 && !invariants.Enabled && !raceBuild {
		t.Errorf("%v Go allocations in 12000 operations", n)
	}
	tab.Free(nil)
	for _, e := range es {
		freeEntry(a, e)
	}
}

// TestFreeSlice frees a table a few entries at a time.
func TestFreeSlice(t *testing.T) {
	for _, n := range []int{0, 1, 100, 5000} {
		m := newModel(t)
		for i := range n {
			m.set(fmt.Sprint(i), int64(i%3))
		}
		slices, freed := 0, 0
		for !m.t.FreeSlice(7, func(e mem.Ref) { freed++; freeEntry(m.a, e) }) {
			slices++
			if m.t.Len() != n-freed {
				t.Fatalf("Len is %d, want %d", m.t.Len(), n-freed)
			}
			b := m.a.Books()
			if got := b.Purposes[mem.PurposeTable].Usable + b.Purposes[mem.PurposeExpire].Usable; got != m.t.Bytes() {
				t.Fatalf("Bytes is %d, the books say %d", m.t.Bytes(), got)
			}
		}
		if freed != n || slices < n/8 || m.t.Root() != 0 {
			t.Errorf("%d of %d freed in %d slices, root %d", freed, n, slices, m.t.Root())
		}
	}
}

func TestRandomIsFair(t *testing.T) {
	fixSeed(t, 7)
	for _, n := range []int{1, 7, 50, 700, 2500} {
		m := newModel(t)
		for i := range n {
			m.set(fmt.Sprint(i), 0)
		}
		// Leave a hole, so that segments differ in size and depth.
		for i := range n {
			if i%3 == 0 && i%2 == 0 && n > 7 {
				m.del(fmt.Sprint(i))
			}
		}
		n = len(m.keys)
		const each = 200
		rnd := rand.New(rand.NewPCG(3, 4))
		hits := map[mem.Ref]int{}
		for range n * each {
			p, e := m.t.RandomPos(rnd.Uint64())
			if q, f := m.t.Find(Hash(entryKey(e)), entryKey(e)); f != e || p.bucket() != q.bucket() || p.slot() != q.slot() || p.home() != q.home() {
				t.Fatalf("RandomPos gave %x, Find %x", p, q)
			}
			hits[e]++
		}
		chi := float64(each * (n - len(hits)))
		for _, c := range hits {
			chi += float64((c-each)*(c-each)) / each
		}
		// The sum is chi-squared with n-1 degrees of freedom: mean n-1, variance 2(n-1).
		if d := chi - float64(n-1); d*d > 25*2*float64(n)+100 {
			t.Errorf("n=%d: chi-squared %.0f", n, chi)
		}
		m.free()
	}
}

func TestRandomOfAlmostEmpty(t *testing.T) {
	m := newModel(t)
	if m.t.Random(1) != 0 {
		t.Error("an entry from an empty table")
	}
	for i := range 2000 {
		m.set(fmt.Sprint(i), 0)
	}
	for i := range 1999 {
		m.del(fmt.Sprint(i))
	}
	for i := range uint64(100) {
		if e := m.t.Random(i); string(entryKey(e)) != "1999" {
			t.Fatalf("got %x", e)
		}
	}
	m.free()
}

func TestSample(t *testing.T) {
	for _, n := range []int{0, 1, 4, 16, 500, 5000} {
		m := newModel(t)
		for i := range n {
			m.set(fmt.Sprint(i), 0)
		}
		seen := map[string]bool{}
		var buf [16]mem.Ref
		for r := range uint64(20 * n) {
			k := m.t.Sample(mix(r), buf[:])
			if k != min(n, len(buf)) {
				t.Fatalf("n=%d: sample of %d", n, k)
			}
			one := map[mem.Ref]bool{}
			for _, e := range buf[:k] {
				one[e] = true
				seen[string(entryKey(e))] = true
			}
			if len(one) != k {
				t.Fatalf("n=%d: the same entry twice", n)
			}
		}
		if len(seen) != n {
			t.Errorf("n=%d: %d were ever sampled", n, len(seen))
		}
		m.free()
	}
}

// TestSampleExpiring finds every entry that expires and no other, however few there are.
func TestSampleExpiring(t *testing.T) {
	for _, c := range []struct{ n, every int }{{0, 1}, {5, 5}, {300, 1}, {5000, 7}, {20000, 9999}, {20000, 20000}} {
		m := newModel(t)
		volatile := 0
		for i := range c.n {
			ms := int64(0)
			if i%c.every == 0 {
				ms = int64(1000 + i)
				volatile++
			}
			m.set(fmt.Sprint(i), ms)
		}
		// Bounds that nothing stands behind any more are passed over and put right.
		for i := 1; i < c.n; i += 3 {
			if i%c.every != 0 {
				m.set(fmt.Sprint(i), 99)
				m.set(fmt.Sprint(i), 0)
			}
		}
		seen := map[string]bool{}
		var buf [8]mem.Ref
		for r := range uint64(40 * max(volatile, 1)) {
			k := m.t.SampleExpiring(mix(r), buf[:])
			if k > volatile || k == 0 && volatile > 0 {
				t.Fatalf("%+v: sample of %d", c, k)
			}
			one := map[mem.Ref]bool{}
			for _, e := range buf[:k] {
				if testKind.Expire(e) == 0 {
					t.Fatalf("%+v: %q has no expiry", c, entryKey(e))
				}
				one[e] = true
				seen[string(entryKey(e))] = true
			}
			if len(one) != k {
				t.Fatalf("%+v: the same entry twice", c)
			}
		}
		if len(seen) != volatile {
			t.Errorf("%+v: %d of %d were ever sampled", c, len(seen), volatile)
		}
		m.free()
	}
}

// TestRelocate moves every entry, and the blocks that the allocator wants moved.
func TestRelocate(t *testing.T) {
	m := newModel(t)
	for i := range 5000 {
		m.set(fmt.Sprint(i), int64(i%5))
	}
	moved := 0
	for c := uint64(0); ; {
		c = m.t.Relocate(c, func(e mem.Ref) mem.Ref {
			moved++
			to := newEntry(m.a, entryKey(e), testKind.Expire(e))
			freeEntry(m.a, e)
			return to
		})
		if c == 0 {
			break
		}
	}
	if moved != 5000 {
		t.Errorf("%d entries were offered", moved)
	}
	m.t.RelocateRoot()
	m.verifyAll()
	m.free()
}

// TestSizes pins that segments waste nothing and that the rows of the table make sense.
func TestSizes(t *testing.T) {
	for i := range lastSize + 1 {
		s := sizes[i]
		if n := int(s.lines) * bucketSize; mem.Usable(n) != n {
			t.Errorf("%d bytes are no size class: %d", n, mem.Usable(n))
		}
		if s.homes == 0 || s.homes > s.lines || (i > 0 && sizes[i-1].lines >= s.lines) || s.fill < s.shrink {
			t.Errorf("size %d: %+v", i, s)
		}
	}
}
