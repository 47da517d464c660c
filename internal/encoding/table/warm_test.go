package table

import (
	"fmt"
	"slices"
	"testing"
	"unsafe"

	"granary/internal/mem"
)

// TestWarm: what Warm asks for is nearly always the entry that Find finds. Otherwise it is one with the same fingerprint, in the
// home bucket or where entries go from there, or such a bucket. Tables of all sizes, and keys that are absent.
func TestWarm(t *testing.T) {
	m := newModel(t)
	defer m.free()
	first := func(b *bucket, h uint64) unsafe.Pointer {
		for i := range b.state.n() {
			// NB: match finds slots 0 to 3 last and in an order of its own, so that the key's own slot is asked for.
			if b.fp(i) == uint8(h) && matched(b.match(h)) == i {
				return mem.Ptr(b.ref(i))
			}
		}
		return nil
	}
	want := func(h uint64) (at unsafe.Pointer, moved bool) {
		r := m.t.head()
		w, _ := r.own(r.slotOf(h))
		s, home := w.segment(), w.home(h)
		b := s.at(home)
		if e := first(b, h); e != nil {
			return e, false
		}
		switch {
		case b.state&stateNear != 0:
			b = s.at((home + 1) % s.homes)
		case b.state&stateFarMask != 0:
			b = s.at(s.homes)
		default:
			return unsafe.Pointer(b), false
		}
		if e := first(b, h); e != nil {
			return e, true
		}
		return unsafe.Pointer(b), true
	}
	at, there, right, elsewhere := 0, 0, 0, 0
	for _, size := range []int{0, 1, 9, 11, 300, 700, 5000, 40_000} {
		for ; at < size; at++ {
			m.set(fmt.Sprint("key:", at), int64(at+1))
		}
		for round := range 50 {
			var hashes []uint64
			var entries []unsafe.Pointer
			for i := range WarmMost {
				key := []byte(fmt.Sprint("key:", (round+i*size/8)%(2*size+1))) // half of them are there
				h := Hash(key)
				_, e := m.t.Find(h, key)
				hashes, entries = append(hashes, h), append(entries, nil)
				if e != 0 {
					entries[i] = mem.Ptr(e)
				}
			}
			n := round % (WarmMost + 1)
			var got [WarmMost]unsafe.Pointer
			var found [WarmMost]mem.Ref
			k := m.t.warm(hashes[:n], &got, &found)
			for _, e := range found[:k] {
				if !slices.Contains(got[:n], mem.Ptr(e)) {
					t.Fatalf("%d keys: an entry was found and not asked for", size)
				}
			}
			for i, p := range got {
				if i >= n {
					if p != nil {
						t.Fatalf("%d keys: something for nobody", size)
					}
					continue
				}
				w, moved := want(hashes[i])
				if p != w {
					t.Fatalf("%d keys: %p, want %p", size, p, w)
				}
				if entries[i] != nil {
					there++
					if p == entries[i] {
						right++
						if moved {
							elsewhere++
						}
					}
				}
			}
		}
	}
	t.Logf("%d of %d entries were asked for, %d of them not in their home bucket", right, there, elsewhere)
	if there < 1000 || right < there*95/100 || elsewhere < there/50 {
		t.Errorf("%d of %d entries were asked for, %d of them not in their home bucket", right, there, elsewhere)
	}
}

// TestBeyond: blocks that entries refer to are counted, if they are asked for.
func TestBeyond(t *testing.T) {
	fixSeed(t, 1)
	a := noLeak(t)
	kind := *testKind
	kind.Beyond = func(e mem.Ref) mem.Ref {
		if testKind.Expire(e) == 0 {
			return 0
		}
		return e
	}
	tab := New(a, &kind)
	defer tab.Free(func(e mem.Ref) { freeEntry(a, e) })
	var hashes []uint64
	var es []mem.Ref
	for i := range 1000 {
		key := fmt.Append(nil, i)
		e := newEntry(a, key, int64(i&1))
		tab.Insert(Hash(key), e)
		hashes, es = append(hashes, Hash(key)), append(es, e)
	}
	for _, c := range []struct{ n, beyond int }{{0, 0}, {1, 0}, {2, 1}, {WarmMost, WarmMost / 2}} {
		if n := tab.FetchBeyond(es[:c.n]); n != c.beyond {
			t.Errorf("%d of %d entries refer to something, want %d", n, c.n, c.beyond)
		}
		if n := tab.Warm(hashes[:c.n], true); n != c.beyond {
			t.Errorf("of %d keys %d refer to something, want %d", c.n, n, c.beyond)
		}
		if n := tab.Warm(hashes[:c.n], false); n != 0 {
			t.Errorf("of %d keys %d were looked at", c.n, n)
		}
	}
	if n := tab.FetchBeyond(es); n != MaxAtHome {
		t.Errorf("%d at once, want %d", n, MaxAtHome)
	}
}
