package table

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"granary/internal/mem"
)

// compact runs a whole walk of Compact.
func (m *model) compact(act bool) (sum Spare) {
	m.tb.Helper()
	before := m.t.Bytes()
	for c, calls := uint64(0), 0; ; calls++ {
		next, s := m.t.Compact(c, act)
		sum.Bytes, sum.Freed, sum.Count = sum.Bytes+s.Bytes, sum.Freed+s.Freed, sum.Count+s.Count
		if next != 0 && next <= c || calls > 1<<20 {
			m.tb.Fatalf("the cursor goes from %d to %d", c, next)
		}
		if c = next; c == 0 {
			break
		}
	}
	if freed := before - m.t.Bytes(); freed != sum.Freed || !act && freed != 0 {
		m.tb.Fatalf("freed %d, says %d (act %v)", freed, sum.Freed, act)
	}
	return sum
}

// TestCompact compacts tables in random histories: they hold what they held, what was spare is gone, and little is left
// to find.
func TestCompact(t *testing.T) {
	for _, size := range []int{1, 30, 700, 20000} {
		t.Run(fmt.Sprint(size, " keys"), func(t *testing.T) {
			rnd := rand.New(rand.NewPCG(*seedFlag, uint64(size)))
			m := newModel(t)
			for round := range 12 {
				for i := range size {
					ms := int64(0)
					if round%3 == 1 && i%4 == 0 {
						ms = 1 + rnd.Int64N(1<<40)
					}
					m.set(fmt.Sprintf("key:%d", rnd.IntN(2*size)), ms)
				}
				for range rnd.IntN(size + 1) {
					m.del(m.order[rnd.IntN(len(m.order))])
					if len(m.order) == 0 {
						break
					}
				}
				found := m.compact(false)
				if err := m.t.Check(); err != nil {
					t.Fatal(err)
				}
				done := m.compact(true)
				if done.Freed > found.Bytes+found.Bytes/4+8192 || done.Freed < 0 {
					t.Errorf("freed %d of %d that were found", done.Freed, found.Bytes)
				}
				m.check()
				if left := m.compact(false); left.Bytes > found.Bytes/4+8192 {
					t.Errorf("%d of %d bytes are left", left.Bytes, found.Bytes)
				}
			}
			m.t.Free(func(e mem.Ref) { freeEntry(m.a, e) })
		})
	}
}

// TestCompactBlocks sees that Blocks adds up to Bytes.
func TestCompactBlocks(t *testing.T) {
	m := newModel(t)
	for i := range 30000 {
		m.set(fmt.Sprint("key", i), int64(i%5)*1000)
		if i%1000 != 7 {
			continue
		}
		sum := int64(0)
		m.t.Blocks(func(_ string, _ mem.Purpose, requested int, count int64) { sum += count * int64(mem.Usable(requested)) })
		if sum != m.t.Bytes() {
			t.Fatalf("%d keys: blocks of %d bytes, the table says %d", i, sum, m.t.Bytes())
		}
	}
	m.t.Free(func(e mem.Ref) { freeEntry(m.a, e) })
}

// TestDue compares what is due with the model.
func TestDue(t *testing.T) {
	rnd := rand.New(rand.NewPCG(*seedFlag, 9))
	m := newModel(t)
	for range 20000 {
		m.set(fmt.Sprintf("key:%d", rnd.IntN(15000)), max(rnd.Int64N(40000)-20000, 0))
	}
	for now := int64(0); now < 21000; now += 1500 {
		n := 0
		for c := uint64(0); ; {
			c = m.t.Due(c, now, func(e mem.Ref) {
				if ms := testKind.Expire(e); ms <= 0 || ms > now {
					t.Fatalf("expiry %d is due at %d", ms, now)
				}
				n++
			})
			if c == 0 {
				break
			}
		}
		if want := m.due(now); n != want {
			t.Errorf("%d are due at %d, want %d", n, now, want)
		}
	}
	m.t.Free(func(e mem.Ref) { freeEntry(m.a, e) })
}
