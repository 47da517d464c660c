package hash

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"granary/internal/encoding/listpack"
	"granary/internal/mem"
	"granary/tests/live"
)

// model is a hash beside a Go map.
type model struct {
	t    *testing.T
	h    Hash
	want map[string]field
}

type field struct {
	value string
	at    int64
}

func (m *model) set(name, value string, at int64) {
	m.t.Helper()
	old, had := m.want[name]
	if created := m.h.Set([]byte(name), []byte(value), at); created == had {
		m.t.Fatalf("Set %q: created %v", name, created)
	}
	if at == KeepExpiry {
		at = old.at
	}
	m.want[name] = field{value, at}
}

func (m *model) check() {
	m.t.Helper()
	if err := m.h.Check(); err != nil {
		m.t.Fatal(err)
	}
	if m.h.Len() != len(m.want) {
		m.t.Fatalf("%d fields, want %d", m.h.Len(), len(m.want))
	}
	expires, first := 0, int64(0)
	for name, w := range m.want {
		f := m.h.Get([]byte(name))
		if f == 0 || string(f.Name()) != name || string(f.Value()) != w.value || f.Expiry() != w.at {
			m.t.Fatalf("field %.50q is wrong", name)
		}
		if w.at != 0 {
			expires++
			if first == 0 || w.at < first {
				first = w.at
			}
		}
	}
	if m.h.CountExpires() != expires {
		m.t.Fatalf("%d fields expire, want %d", m.h.CountExpires(), expires)
	}
	if at, ok := m.h.EarliestExpiry(); ok != (expires > 0) || at > first {
		m.t.Fatalf("the first expires at %d, %v; want %d", at, ok, first)
	}
	seen := 0
	m.h.Each(func(f Field) bool {
		seen++
		_, ok := m.want[string(f.Name())]
		return ok
	})
	if seen != len(m.want) {
		m.t.Fatalf("Each gave %d fields of %d", seen, len(m.want))
	}
}

// lengths are around the limits of the forms.
var lengths = []int{0, 1, 5, 20, 254, 255, 256, 257, 65535, 65536, 70000}

// TestModel compares random histories with a map: values of all forms, expiries that come and go.
func TestModel(t *testing.T) {
	seed := live.Seed(t)
	rng := rand.New(rand.NewPCG(seed, 1))
	a := mem.NewArena("hash")
	defer a.Close()
	for _, fields := range []int{5, 100, 3000} {
		m := &model{t, New(a), map[string]field{}}
		name := func() string {
			n := rng.IntN(fields)
			if n%50 == 0 {
				return fmt.Sprint(n) + strings.Repeat("n", lengths[rng.IntN(8)])
			}
			return fmt.Sprint(n)
		}
		value := func() string {
			if rng.IntN(20) == 0 {
				return strings.Repeat("v", lengths[rng.IntN(len(lengths))])
			}
			return strings.Repeat("v", rng.IntN(40))
		}
		now := int64(1000)
		for step := range 20000 {
			at := now + int64(rng.IntN(10000))
			switch n := name(); rng.IntN(12) {
			case 0, 1, 2:
				m.set(n, value(), 0)
			case 3, 4:
				m.set(n, value(), at)
			case 5:
				if _, had := m.want[n]; had {
					m.set(n, value(), KeepExpiry)
				}
			case 6:
				if p, f := m.h.Find([]byte(n)); f != 0 {
					if rng.IntN(3) == 0 {
						at = 0
					}
					m.h.SetExpiry(p, f, at)
					m.want[n] = field{m.want[n].value, at}
				}
			case 7, 8, 9:
				_, had := m.want[n]
				if m.h.Delete([]byte(n)) != had {
					t.Fatalf("step %d: Delete %.50q", step, n)
				}
				delete(m.want, n)
			case 10:
				now += int64(rng.IntN(200))
				m.expire(now)
			default:
				if f := m.h.Random(rng.Uint64()); (f == 0) != (len(m.want) == 0) {
					t.Fatalf("step %d: Random gives %d", step, f)
				}
			}
			if step%1000 == 0 {
				m.check()
			}
		}
		m.check()
		d := Hash{a, m.h.t}
		dup := d.Dup()
		(&model{t, dup, m.want}).check()
		for {
			if _, done := dup.FreeSlice(7); done {
				break
			}
		}
		m.h.Free()
		if n := a.Books().Total.Count; n != 0 {
			t.Fatalf("%d blocks are left", n)
		}
	}
}

// expire deletes all that is due, and demands the order of time.
func (m *model) expire(now int64) {
	last := int64(0)
	for {
		p, f := m.h.NextExpired(now)
		if f == 0 {
			if at, ok := m.h.EarliestExpiry(); ok && at <= now {
				continue
			}
			break
		}
		if f.Expiry() < last || f.Expiry() > now {
			m.t.Fatalf("a field of %d after one of %d, at %d", f.Expiry(), last, now)
		}
		last = f.Expiry()
		delete(m.want, string(f.Name()))
		m.h.DeleteAt(p, f)
	}
	for name, w := range m.want {
		if w.at != 0 && w.at <= now {
			m.t.Fatalf("%.50q is still there", name)
		}
	}
}

// TestScan checks that a scan over a hash that changes gives everything that stays.
func TestScan(t *testing.T) {
	a := mem.NewArena("hash")
	defer a.Close()
	h := New(a)
	for i := range 2000 {
		h.Set(fmt.Append(nil, i), []byte("v"), 0)
	}
	seen := map[string]bool{}
	next := 2000
	for cursor := uint64(0); ; {
		cursor = h.Scan(cursor, func(f Field) { seen[string(f.Name())] = true })
		if cursor == 0 {
			break
		}
		for range 10 {
			h.Set(fmt.Append(nil, next), []byte("v"), 0)
			next++
		}
	}
	for i := range 2000 {
		if !seen[fmt.Sprint(i)] {
			t.Fatalf("%d was not given", i)
		}
	}
	h.Free()
}

// TestBytesPerField measures what fields cost, table included.
func TestBytesPerField(t *testing.T) {
	a := mem.NewArena("hash")
	defer a.Close()
	check := func(fields, name, value int, expiry int64, most float64) {
		t.Helper()
		h := New(a)
		for i := range fields {
			h.Set(fmt.Appendf(nil, "%0*d", name, i), []byte(strings.Repeat("v", value)), expiry)
		}
		per := float64(h.TableBytes()+h.FieldBytes()) / float64(fields)
		t.Logf("%d fields of %d + %d bytes, expiry %v: %.2f bytes each", fields, name, value, expiry != 0, per)
		if per > most {
			t.Errorf("%.2f bytes per field, want at most %.1f", per, most)
		}
		h.Free()
	}
	n := 1_000_000
	if testing.Short() {
		n = 100_000
	}
	check(n, 12, 7, 0, 34)
	check(n, 12, 7, 1_800_000_000_000, 42)
	check(1000, 12, 7, 0, 36)
	check(n/10, 13, 100, 0, 138)
}

// TestOutOfMemory sets, changes and expires fields with 0, 1, 2, ... pages left: the hash is whole after each refusal.
func TestOutOfMemory(t *testing.T) {
	if err := mem.Open(mem.Config{Limit: 4 << 20}); err != nil {
		t.Fatal(err) // another test of this process left memory behind
	}
	t.Cleanup(func() {
		if err := mem.Open(mem.Config{}); err != nil {
			t.Error(err)
		}
	})
	refused := 0
	try := func(fn func()) (ok bool) {
		defer func() {
			if r := recover(); r != nil {
				if r != error(mem.ErrOutOfMemory) {
					panic(r)
				}
				refused++
				ok = false
			}
		}()
		fn()
		return true
	}
	for round := range 20 {
		a := mem.NewArena("oom")
		m := &model{t, New(a), map[string]field{}}
		var taken []mem.Ref
		for i := range 400 {
			m.set(fmt.Sprint("f", i), "v", 0)
		}
		for try(func() { taken = append(taken, a.Alloc(4096, mem.PurposeOther)) }) {
		}
		for range min(round, len(taken)) {
			a.Free(taken[len(taken)-1], 4096, mem.PurposeOther)
			taken = taken[:len(taken)-1]
		}
		for i := range 600 {
			name, w := fmt.Sprint("f", i), field{strings.Repeat("w", i%90), int64(i % 3 * 1000)}
			if try(func() { m.h.Set([]byte(name), []byte(w.value), w.at) }) {
				m.want[name] = w
			}
		}
		m.check()
		for _, r := range taken {
			a.Free(r, 4096, mem.PurposeOther)
		}
		m.h.Free()
		a.Close()
	}
	if refused < 100 {
		t.Errorf("memory ran out %d times only", refused)
	}
}

// TestAllocs pins that the hot calls leave the Go heap alone.
func TestAllocs(t *testing.T) {
	a := mem.NewArena("hash")
	defer a.Close()
	h := New(a)
	name, value := []byte("field"), []byte("value")
	h.Set(name, value, 0)
	if n := testing.AllocsPerRun(100, func() {
		h.Set(name, value, 0)
		if h.Get(name).Value() == nil {
			t.Fail()
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
	h.Free()
}

// TestFlatPlace checks the order of a listpackex.
func TestFlatPlace(t *testing.T) {
	lp := listpack.New(make([]byte, 0, 1000))
	for i, at := range []int64{0, 50, 10, 0, 30, 50, 20} {
		p := FlatPlace(lp, at)
		lp = lp.BatchInsert(p, listpack.Int(int64(i)), listpack.Int(7), listpack.Int(at))
		if err := CheckFlat(lp); err != nil {
			t.Fatal(err)
		}
	}
	var order []int64
	for p := lp.First(); p != 0; p = lp.Skip(p, Triple) {
		n, _ := lp.GetInt(p)
		order = append(order, n)
	}
	if want := []int64{2, 6, 4, 1, 5, 0, 3}; !slices.Equal(order, want) {
		t.Errorf("order %v, want %v", order, want)
	}
	if FlatEarliest(lp) != 10 {
		t.Errorf("earliest %d", FlatEarliest(lp))
	}
	bad := lp.Replace(lp.Skip(lp.First(), 2), listpack.Int(99))
	if CheckFlat(bad) == nil {
		t.Error("wrong order was not noticed")
	}
}
