package table

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"granary/internal/mem"
)

// drain deletes what has expired and returns how many. What NextExpired gives must be due.
func (m *model) drain(now int64) int {
	m.tb.Helper()
	for n := 0; ; {
		p, e, ok := m.t.NextExpired(now)
		if !ok {
			if first, any := m.t.EarliestExpire(); any && first <= now {
				continue // more to correct
			}
			return n
		}
		if ms := testKind.Expire(e); ms > now || ms <= 0 {
			m.tb.Fatalf("expiry %d at %d", ms, now)
		}
		m.delAt(p, e)
		n++
	}
}

// due counts what the model says has expired.
func (m *model) due(now int64) int {
	n := 0
	for _, ms := range m.keys {
		if ms > 0 && ms <= now {
			n++
		}
	}
	return n
}

// TestExpiryOrder lets time pass over a table that changes, with expiries from milliseconds to centuries.
func TestExpiryOrder(t *testing.T) {
	t.Logf("seed %d", *seedFlag)
	for _, size := range []int{1, 20, 400, 6000} {
		for _, span := range []int64{1000, 1 << 25, 1 << 36, 1 << 46} {
			t.Run(fmt.Sprintf("%d keys, %d ms", size, span), func(t *testing.T) {
				rnd := rand.New(rand.NewPCG(*seedFlag, uint64(size)^uint64(span)))
				m := newModel(t)
				now := int64(1_700_000_000_000)
				if span == 1000 {
					now = 1
				}
				for round := range 60 {
					for range 1 + size/20 {
						ms := now + 1 + rnd.Int64N(span)
						switch rnd.IntN(6) {
						case 0:
							ms = 0
						case 1:
							ms = now + 1 + rnd.Int64N(span)/1000
						}
						if len(m.order) > 0 && rnd.IntN(3) == 0 {
							m.expire(m.order[rnd.IntN(len(m.order))], ms)
						} else {
							m.set(fmt.Sprint(rnd.IntN(size)), ms)
						}
						if len(m.order) > 0 && rnd.IntN(8) == 0 {
							m.del(m.order[rnd.IntN(len(m.order))])
						}
					}
					now += rnd.Int64N(1 + span/20)
					if want, got := m.due(now), m.drain(now); got != want {
						t.Fatalf("round %d: %d expired, want %d", round, got, want)
					}
					if round%10 == 0 {
						m.check()
					}
				}
				m.drain(maxMillis)
				m.verifyAll()
				if m.t.CountExpires() != 0 {
					t.Errorf("%d still expire", m.t.CountExpires())
				}
				for range 6000 / maxCorrections { // each corrects so many bounds of segments
					m.t.NextExpired(maxMillis)
				}
				if b := m.a.Books().Purposes[mem.PurposeExpire]; b.Count != 0 {
					t.Errorf("nothing expires, %d blocks of it are left", b.Count)
				}
				m.free()
			})
		}
	}
}

// TestExpiryInTimeOrder pins that entries come in the order of time, whatever was done to them before.
func TestExpiryInTimeOrder(t *testing.T) {
	m := newModel(t)
	rnd := rand.New(rand.NewPCG(*seedFlag, 9))
	const n = 10_000
	for i := range n {
		m.set(fmt.Sprint(i), 1+rnd.Int64N(1<<31))
	}
	for range n / 2 {
		m.expire(m.order[rnd.IntN(len(m.order))], 1+rnd.Int64N(1<<31))
		m.del(m.order[rnd.IntN(len(m.order))])
	}
	last := int64(0)
	for left := len(m.order); left > 0; {
		p, e, ok := m.t.NextExpired(math.MaxInt64)
		if !ok {
			continue // more to correct
		}
		ms := testKind.Expire(e)
		if ms < last {
			t.Fatalf("%d after %d", ms, last)
		}
		last = ms
		m.delAt(p, e)
		left--
	}
	if _, _, ok := m.t.NextExpired(math.MaxInt64); ok || m.t.Len() != 0 {
		t.Errorf("%d left", m.t.Len())
	}
	m.free()
}

// TestExpiryMovesOn pins that renewing (EXPIRE on a key that has an expiry) leaves work for later that is
// bounded per call, and no entry is lost.
func TestExpiryMovesOn(t *testing.T) {
	m := newModel(t)
	for i := range 20_000 {
		m.set(fmt.Sprint(i), 1000)
	}
	for i := range 20_000 {
		m.expire(fmt.Sprint(i), 5_000_000)
	}
	calls := 0
	for {
		_, e, ok := m.t.NextExpired(2000)
		if ok {
			t.Fatalf("%s expired", entryKey(e))
		}
		if first, any := m.t.EarliestExpire(); !any || first > 2000 {
			break
		}
		calls++
	}
	if calls == 0 || calls > 100 {
		t.Errorf("%d calls to correct 20000 renewals", calls)
	}
	if got := m.drain(5_000_000); got != 20_000 {
		t.Errorf("%d expired", got)
	}
	m.check()
	m.free()
}

func TestReplaceNotesExpiry(t *testing.T) {
	m := newModel(t)
	m.set("a", 10)
	m.set("a", 0)
	m.check()
	m.set("a", 20)
	m.check()
	if first, ok := m.t.EarliestExpire(); !ok || first > 20 {
		t.Errorf("earliest %d %v", first, ok)
	}
	if _, _, ok := m.t.NextExpired(19); ok {
		t.Error("expired too early")
	}
	if n := m.drain(20); n != 1 {
		t.Errorf("%d expired", n)
	}
	m.free()
}

// TestClockRebase covers expiries that are earlier than a clock's base and those too far for it.
func TestClockRebase(t *testing.T) {
	m := newModel(t)
	day := int64(86_400_000)
	for i, ms := range []int64{20_000 * day, 20_001 * day, 20_100 * day, 30_000 * day, 19_000 * day, 5, maxMillis, 25_000 * day} {
		m.set(fmt.Sprint(i), ms)
		m.check()
	}
	for _, c := range []struct{ now, want int64 }{{4, 0}, {5, 1}, {19_000*day - 1, 0}, {19_000 * day, 1}, {20_000 * day, 1}, {20_099 * day, 1}, {20_100 * day, 1}, {26_000 * day, 1}, {30_000*day - 1, 0}, {30_000 * day, 1}, {maxMillis - 1, 0}, {maxMillis, 1}} {
		if got := int64(m.drain(c.now)); got != c.want {
			t.Fatalf("at %d: %d expired, want %d", c.now, got, c.want)
		}
		m.check()
	}
	m.free()
}
