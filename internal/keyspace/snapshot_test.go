package keyspace

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strconv"
	"testing"
	"time"

	"granary/internal/encoding/hash"
	"granary/internal/mem"
	"granary/internal/object"
	"granary/internal/prefix"
	"granary/tests/live"
)

// picture is a sink that keeps what it was given.
type picture struct {
	t     *testing.T
	r     *rand.Rand
	keys  map[string]string // database and key, to value and expiry
	parts map[string]int    // large values of which parts were given
	full  bool
}

func name(db int, e object.Entry) string { return strconv.Itoa(db) + " " + string(e.Key()) }

// stateOf returns everything about an entry that must not change.
func stateOf(e object.Entry) string {
	if e.Type() == object.Hash {
		sum := 0
		h := hash.Open(nil, e.Root())
		h.Each(func(f hash.Field) bool {
			sum += len(f.Name())*7 + len(f.Value())
			return true
		})
		return fmt.Sprint("hash ", h.Len(), sum, e.Expiry())
	}
	var s object.Scratch
	return string(e.Text(&s)) + " " + strconv.FormatInt(e.Expiry(), 10)
}

func (p *picture) Emit(db int, e object.Entry) {
	n := name(db, e)
	if _, twice := p.keys[n]; twice {
		p.t.Errorf("%s was given twice", n)
	}
	p.keys[n] = stateOf(e)
}

func (p *picture) EmitPart(db int, e object.Entry, all bool) bool {
	if e == 0 {
		p.t.Fatal("a large value is gone")
	}
	n := name(db, e)
	if len(p.parts) > 0 && p.parts[n] == 0 {
		p.t.Errorf("parts of %s were given while another was not finished: %v", n, p.parts)
	}
	p.parts[n]++
	if !all && p.parts[n] < 3 {
		return false
	}
	delete(p.parts, n)
	p.Emit(db, e)
	return true
}

func (p *picture) Full() bool { return p.full && p.r.IntN(8) == 0 }

// TestSnapshot changes everything that can be changed while snapshots are taken: each has what there was at its beginning.
func TestSnapshot(t *testing.T) {
	r := rand.New(rand.NewPCG(live.Seed(t), 0))
	for round := range 40 {
		a := mem.NewArena("test")
		ks := New(a, 3)
		ks.Now = 1000
		if round%3 > 0 {
			ks.SetPrefixes(prefix.Split{Delim: ":", Depth: 2}, 64)
		}
		w := &changer{t: t, r: r, ks: ks, keys: []int{3, 40, 400, 3000}[round%4]}
		for range w.keys {
			w.change(false)
		}
		want := map[string]string{}
		for _, db := range ks.DBs {
			db.Each(func(e object.Entry) bool {
				want[name(db.ID, e)] = stateOf(e)
				return true
			})
		}
		p := &picture{t: t, r: r, keys: map[string]string{}, parts: map[string]int{}, full: round%3 == 0}
		s, err := ks.BeginSnapshot(p)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := ks.BeginSnapshot(p); err != ErrSnapshot {
			t.Errorf("a second snapshot: %v", err)
		}
		for step := 0; ; step++ {
			for range r.IntN(20) {
				w.change(true)
			}
			if r.IntN(8) == 0 {
				for !ks.Reclaim(time.Now().Add(time.Second)) {
				}
				if err := ks.checkPrefixes(); err != nil {
					t.Fatal(err)
				}
			}
			if s.Step(time.Now()) {
				break
			}
			if round%7 == 6 && step > 5 {
				p.full = false
				s.Finish()
				break
			}
		}
		given, total := s.Progress()
		s.End()
		if given != total || int(total) != len(want) {
			t.Errorf("%d of %d keys were given, of %d", given, total, len(want))
		}
		for n, v := range want {
			if got, ok := p.keys[n]; !ok || got != v {
				t.Fatalf("round %d: %s is %.40q in the snapshot (%v), was %.40q", round, n, got, ok, v)
			}
		}
		if len(p.keys) != len(want) {
			t.Fatalf("the snapshot has %d keys, there were %d", len(p.keys), len(want))
		}
		if err := ks.Check(); err != nil {
			t.Fatal(err)
		}
		ks.FlushAll(false)
		for !ks.Reclaim(time.Now().Add(time.Second)) {
		}
		if left := a.Books().Total; left.Count != 0 {
			t.Fatalf("%d bytes in %d blocks are left", left.Requested, left.Count)
		}
		a.Close()
	}
}

// TestSnapshotGivenUp ends snapshots half way: what they kept is given back.
func TestSnapshotGivenUp(t *testing.T) {
	r := rand.New(rand.NewPCG(live.Seed(t), 1))
	a := mem.NewArena("test")
	defer a.Close()
	ks := New(a, 3)
	w := &changer{t: t, r: r, ks: ks, keys: 500}
	for range 20 {
		for range 300 {
			w.change(false)
		}
		p := &picture{t: t, r: r, keys: map[string]string{}, parts: map[string]int{}}
		s, err := ks.BeginSnapshot(p)
		if err != nil {
			t.Fatal(err)
		}
		s.Step(time.Now())
		for range 50 {
			w.change(true)
		}
		s.End()
	}
	ks.FlushAll(false)
	for !ks.Reclaim(time.Now().Add(time.Second)) {
	}
	if left := a.Books().Total; left.Count != 0 {
		t.Fatalf("%d bytes in %d blocks are left", left.Requested, left.Count)
	}
}

// changer changes a keyspace at random.
type changer struct {
	t    *testing.T
	r    *rand.Rand
	ks   *Keyspace
	keys int
}

func (w *changer) item(db *DB) Item {
	return db.Write([]byte("key:" + strconv.Itoa(w.r.IntN(w.keys))))
}

func (w *changer) change(all bool) {
	r, ks := w.r, w.ks
	db := ks.DBs[r.IntN(3)]
	it := w.item(db)
	switch n := r.IntN(100); {
	case n < 45:
		expiry := int64(0)
		if r.IntN(4) == 0 {
			expiry = ks.Now + r.Int64N(3000)
		}
		it.SetString(bytes.Repeat([]byte("v"+strconv.Itoa(r.IntN(1000))), r.IntN(40)), expiry)
	case n < 48:
		it.SetString(bytes.Repeat([]byte("large"+strconv.Itoa(r.IntN(1000))), 20000), 0)
	case n < 52:
		w.grow(&it)
	case n < 65 && it.Exists():
		it.Delete()
	case n < 72 && it.Exists() && it.Entry.Type() == object.String:
		b := it.Edit(50)
		b[r.IntN(len(b))]++
	case n < 76 && it.Exists():
		it.SetExpiry(ks.Now + r.Int64N(2000))
	case n < 80:
		ks.Now += r.Int64N(300)
		ks.ExpireSlice(time.Now().Add(time.Second))
	case n < 84 && it.Exists():
		if to := w.item(db); string(to.Key()) != string(it.Key()) {
			ks.Rename(&it, &to)
		}
	case n < 88 && it.Exists():
		if to := ks.DBs[(db.ID+1)%3].Write(it.Key()); !to.Exists() {
			ks.Move(&it, &to)
		}
	case n < 90 && it.Exists():
		if to := w.item(db); string(to.Key()) != string(it.Key()) {
			ks.Copy(&it, &to)
			to.Settle()
		}
	case n < 92 && all:
		ks.Swap(r.IntN(3), r.IntN(3))
	case n == 92 && all && r.IntN(8) == 0:
		db.Flush(r.IntN(2) == 0)
	case n < 97:
		db.Read([]byte("key:" + strconv.Itoa(r.IntN(w.keys))))
	default:
		ks.Reclaim(time.Now())
	}
	it.Settle() // as a command does
}

// grow adds fields to a hash, which becomes large.
func (w *changer) grow(it *Item) {
	if it.Exists() && it.Entry.Type() != object.Hash {
		it.Delete()
	}
	var h hash.Hash
	if it.Exists() {
		h = hash.Open(w.ks.Arena, it.Entry.Root())
	} else {
		h = hash.New(w.ks.Arena)
	}
	for range 700 {
		h.Set([]byte("field:"+strconv.Itoa(w.r.IntN(100000))), bytes.Repeat([]byte("x"), w.r.IntN(60)), 0)
	}
	if !it.Exists() {
		it.PutRoot(object.Hash, object.Hashtable, h.Root())
	}
}
