package stream

import (
	"math/rand/v2"
	"testing"

	"granary/internal/mem"
)

// compact runs a whole walk of Compact.
func (m *model) compact(rng *rand.Rand, least int, act bool) (sum Spare) {
	m.tb.Helper()
	before := m.s.Bytes()
	for from, more := MinID, true; more; {
		var s Spare
		from, more, s = m.s.Compact(from, 1+rng.IntN(5), least, act)
		sum.add(s)
	}
	if freed := before - m.s.Bytes(); freed != sum.Freed || !act && freed != 0 {
		m.tb.Fatalf("%d bytes less, says %d (act %v)", freed, sum.Freed, act)
	}
	return sum
}

// TestCompact runs histories on two streams, one of which is compacted now and then: nobody sees a difference.
func TestCompact(t *testing.T) {
	for c, limits := range []Limits{{4096, 100}, {200, 0}, {0, 5}, {1 << 16, 300}} {
		rng := rand.New(rand.NewPCG(*seedFlag, 100+uint64(c)))
		m, twin := newModel(t, limits), newModel(t, limits)
		freed, marked := int64(0), int64(0)
		for step := range 3000 {
			switch x := rng.IntN(100); {
			case x < 55:
				id, fields := m.nextID(rng), randomFields(rng)
				m.add(id, fields...)
				twin.add(id, fields...)
			case x < 96:
				id := m.draw(rng)
				m.del(id)
				twin.del(id)
			case x < 98:
				tr := Trim{Approx: rng.IntN(2) == 0, Limit: rng.IntN(3) * 50}
				if n := rng.IntN(len(m.entries) + 10); rng.IntN(2) == 0 {
					m.trimmed(m.s.TrimMaxLen(uint64(n), tr))
					twin.trimmed(twin.s.TrimMaxLen(uint64(n), tr))
				} else {
					id := m.draw(rng)
					m.trimmed(m.s.TrimMinID(id, tr))
					twin.trimmed(twin.s.TrimMinID(id, tr))
				}
			default:
				found := m.compact(rng, 0, false)
				done := m.compact(rng, 0, true)
				// What is found is counted for nodes; blocks of the tree may go as well.
				if done.Tombstones != found.Tombstones || done.Freed < found.Bytes {
					t.Fatalf("found %+v, done %+v", found, done)
				}
				if left := m.compact(rng, 0, false); left.Bytes != 0 {
					t.Fatalf("left %+v", left)
				}
				freed, marked = freed+done.Freed, marked+found.Tombstones
			}
			if len(m.entries) != len(twin.entries) || m.s.Len() != twin.s.Len() || m.s.Nodes() != twin.s.Nodes() {
				t.Fatalf("step %d: %d entries in %d nodes, the twin has %d in %d", step, m.s.Len(), m.s.Nodes(), twin.s.Len(), twin.s.Nodes())
			}
			if step%50 == 0 {
				m.check()
				sum := int64(0)
				m.s.Blocks(1<<30, func(_ string, _, usable, _ int64) { sum += usable })
				if sum != m.s.Bytes() {
					t.Fatalf("blocks of %d bytes, the stream says %d", sum, m.s.Bytes())
				}
			}
		}
		m.check()
		twin.check()
		if freed == 0 || marked == 0 {
			t.Errorf("%+v: freed %d bytes, %d entries were marked", limits, freed, marked)
		}
		m.s.Free()
		twin.s.Free()
	}
}

// TestCompactLeast sees that little is left alone.
func TestCompactLeast(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	m := newModel(t, Limits{4096, 100})
	for i := range 1000 {
		m.add(ID{uint64(i + 1), 0}, "field", "value")
	}
	for i := range 10 {
		for j := range 5 {
			m.del(ID{uint64(100*i + 10*j + 5), 0})
		}
	}
	if s := m.compact(rng, 50, true); s.Tombstones != 45 || s.Freed != 0 {
		t.Errorf("%+v", s)
	}
	if s := m.compact(rng, 0, true); s.Tombstones != 45 {
		t.Errorf("%+v", s)
	}
	m.check()
	books := m.a.Books()
	if got := books.Purposes[mem.PurposeStream].Usable; got != m.s.Bytes() {
		t.Errorf("%d bytes, books say %d", m.s.Bytes(), got)
	}
	m.s.Free()
}
