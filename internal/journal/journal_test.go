package journal

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"granary/internal/mem"
	"granary/tests/live"
)

// TestModel compares random histories with a list of everything.
func TestModel(t *testing.T) {
	seed := live.Seed(t)
	rnd := rand.New(rand.NewPCG(seed, 1))
	for _, prefixes := range []int{1, 40, 5000} {
		a := mem.NewArena("journal")
		j := Open(a, 1+rnd.IntN(300), 7)
		type event struct {
			Event
			name string
		}
		var all []event
		for i := range 20_000 {
			name := fmt.Sprint("p", int(float64(prefixes)*rnd.Float64()*rnd.Float64()), ":")
			if rnd.IntN(50) == 0 {
				name += string(make([]byte, rnd.IntN(100)))
			}
			e := Event{
				Time: int64(i), Rule: Rule(rnd.IntN(int(Expired) + 1)), DB: rnd.IntN(16), Bytes: rnd.Int64N(1 << 40), Measure: rnd.Int64N(256),
				TTL: rnd.Int64N(100) - 50, Client: rnd.Int64(), Command: rnd.IntN(500) - 1, KeyLen: rnd.IntN(1 << 30), Prefix: []byte(name),
			}
			j.Add(&e)
			all = append(all, event{e, name[:min(len(name), MaxPrefix)]})
		}
		for _, k := range []Kind{Any, Evictions, Expiries} {
			i := len(all)
			n := 0
			j.Last(k, j.Rows(), func(got *Event) {
				n++
				for i--; !k.Has(all[i].Rule); i-- {
				}
				want := all[i]
				if string(got.Prefix) != want.name {
					t.Fatalf("event %d: prefix %q, want %q", i, got.Prefix, want.name)
				}
				got.Prefix, want.Prefix = nil, nil
				if fmt.Sprint(*got) != fmt.Sprint(want.Event) {
					t.Fatalf("event %d: %+v, want %+v", i, *got, want.Event)
				}
			})
			if n != j.CountKept(k, j.Rows()) || k == Any && n != j.Rows() || i < len(all)-j.Rows() {
				t.Errorf("%d events kept of %d, back to %d of %d", n, j.Rows(), i, len(all))
			}
		}
		exact := map[string]*Totals{}
		var sum Totals
		for _, e := range all {
			if exact[e.name] == nil {
				exact[e.name] = new(Totals)
			}
			exact[e.name].add(e.Rule, e.Bytes)
			sum.add(e.Rule, e.Bytes)
		}
		list, rest := j.Prefixes(Any, countRows)
		if totals, since := j.Totals(); totals != sum || since != 7 {
			t.Errorf("totals %+v since %d, want %+v", totals, since, sum)
		}
		for _, c := range list {
			want := exact[c.Prefix]
			if c.Events(Any) > want.Events(Any) || c.Events(Any)+c.Missed < want.Events(Any) {
				t.Errorf("%q: %d events and at most %d missed, want %d", c.Prefix, c.Events(Any), c.Missed, want.Events(Any))
			}
			if prefixes <= 40 && c.Missed == 0 && c.Totals != *want {
				t.Errorf("%q: %+v, want %+v", c.Prefix, c.Totals, *want)
			}
			rest.Evictions += c.Evictions
			rest.EvictedBytes += c.EvictedBytes
			rest.Expiries += c.Expiries
			rest.ExpiredBytes += c.ExpiredBytes
		}
		if rest != sum {
			t.Errorf("rows and the rest are %+v, want %+v", rest, sum)
		}
		j.Reset(9)
		if list, rest := j.Prefixes(Any, 10); len(list) != 0 || rest != (Totals{}) || j.CountKept(Any, 10) != 0 {
			t.Errorf("after Reset: %v, %v", list, rest)
		}
		j.Close()
		a.Close()
	}
	mem.CheckLeaks(t)
}

// TestHeavy: a prefix that loses a twentieth of the keys is found among a hundred thousand others.
func TestHeavy(t *testing.T) {
	a := mem.NewArena("journal")
	j := Open(a, 10, 0)
	e := Event{Bytes: 100, Rule: AllKeysLRU}
	for i := range 200_000 {
		e.Prefix = fmt.Appendf(e.Prefix[:0], "light:%d:", i)
		if i%20 == 0 {
			e.Prefix = append(e.Prefix[:0], "heavy:"...)
		}
		j.Add(&e)
	}
	list, _ := j.Prefixes(Evictions, 1)
	if len(list) != 1 || list[0].Prefix != "heavy:" || list[0].Evictions+list[0].Missed < 10_000 {
		t.Errorf("the heaviest is %+v", list)
	}
	j.Close()
	a.Close()
	mem.CheckLeaks(t)
}

// TestAllocs: noting an event takes no Go memory.
func TestAllocs(t *testing.T) {
	a := mem.NewArena("journal")
	j := Open(a, 100, 0)
	e := Event{Prefix: []byte("user:17:"), Rule: Expired}
	if n := testing.AllocsPerRun(1000, func() { j.Add(&e) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
	j.Close()
	a.Close()
}

func BenchmarkAdd(b *testing.B) {
	a := mem.NewArena("journal")
	j := Open(a, 1000, 0)
	e := Event{Prefix: []byte("user:17:"), Rule: Expired}
	for b.Loop() {
		j.Add(&e)
	}
	j.Close()
	a.Close()
}
