package dead

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"granary/internal/config"
	"granary/internal/keyspace"
	"granary/internal/mem"
	"granary/internal/object"
	"granary/tests/live"
)

// TestKinds pins the bits of the directive, and that every kind says what it is.
func TestKinds(t *testing.T) {
	seen := map[string]bool{}
	for i := range NumKinds {
		k := Kind(i)
		info := k.Info()
		if info.Name == "" || info.Count == "" || info.Action == "" || seen[info.Name] {
			t.Errorf("kind %d: %+v", i, info)
		}
		seen[info.Name] = true
		if got, ok := Named(strings.ToUpper(info.Name)); !ok || got != k {
			t.Errorf("%s is %d, want %d", info.Name, got, i)
		}
		cfg := config.New()
		err := cfg.Set([]config.Pair{{Name: "memory-reclaim-dead-kinds", Value: info.Name}}, config.SetContext{})
		if info.Live {
			if err == nil {
				t.Errorf("a pass can be told to free %s", info.Name)
			}
			continue
		}
		if err != nil || Set(cfg.MemoryReclaimDeadKinds) != Of(k) {
			t.Errorf("%s: %b, %v", info.Name, cfg.MemoryReclaimDeadKinds, err)
		}
	}
	for i := range NumKinds {
		if k := Kind(i); !k.Info().Live && Set(config.New().MemoryReclaimDeadKinds).Has(k) == k.Info().Seen {
			t.Errorf("%s by default: %v", k, !k.Info().Seen)
		}
	}
}

// alone is a server without clients and scripts.
type alone struct{}

func (alone) Clients(int64, Job) (id int64, found, freed Amount)       { return 0, found, freed }
func (alone) Tracking(uint64, bool) (next uint64, found, freed Amount) { return 0, found, freed }
func (alone) Scripts(Job) (found, freed Amount)                        { return found, freed }
func (alone) FreeLive(Kind, time.Time) (freed Amount, done bool)       { return freed, true }

// TestWithoutMemory walks while there is no memory for anything: what cannot be done is left as it is.
func TestWithoutMemory(t *testing.T) {
	if err := mem.Open(mem.Config{Limit: 2 << 20}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := mem.Open(mem.Config{}); err != nil {
			t.Error(err)
		}
	})
	a := mem.NewArena("test")
	ks := keyspace.New(a, 2)
	ks.Now = 1000
	r := rand.New(rand.NewPCG(live.Seed(t), 1))
	want := map[string]string{}
	for i := range 500 {
		key := fmt.Sprint("key", i)
		text := strings.Repeat("t", 1+r.IntN(200))
		it := ks.DBs[i%2].Write([]byte(key))
		b := it.Edit(len(text))
		copy(b, text)
		it = ks.DBs[i%2].Write([]byte(key))
		copy(it.Edit(len(text) + 1)[len(text):], "x") // grows to twice what it needs
		want[key] = text + "x"
	}
	var ballast []mem.Ref
	try := func(n int) (ok bool) {
		defer func() { ok = recover() == nil }()
		ballast = append(ballast, a.Alloc(n, mem.PurposeOther))
		return true
	}
	sizes := []int{4096, 512, 64, 8}
	var lens []int
	for _, n := range sizes {
		for try(n) {
			lens = append(lens, n)
		}
	}
	var state State
	walk := func() *Walk {
		w := NewWalk(ks, config.New(), alone{}, &state, Job{Free: 1<<NumKinds - 1})
		for !w.Slice(time.Time{}) {
		}
		state.Note(w)
		return w
	}
	scarce := walk()
	for i, ref := range ballast {
		a.Free(ref, lens[i], mem.PurposeOther)
	}
	plenty := walk()
	if scarce.Found[Strings].Bytes == 0 || scarce.Freed[Strings].Bytes >= scarce.Found[Strings].Bytes {
		t.Errorf("without memory: found %+v, freed %+v", scarce.Found[Strings], scarce.Freed[Strings])
	}
	if plenty.Freed[Strings].Bytes+plenty.Freed[Encodings].Bytes == 0 || state.Freed[Strings].Bytes != scarce.Freed[Strings].Bytes+plenty.Freed[Strings].Bytes {
		t.Errorf("with memory: freed %+v, in all %+v", plenty.Freed, state.Freed)
	}
	if w := walk(); w.Found[Strings].Bytes != 0 || w.Found[Encodings].Bytes != 0 {
		t.Errorf("left: %+v", w.Found)
	}
	if err := ks.Check(); err != nil {
		t.Fatal(err)
	}
	for i := range 500 {
		key := fmt.Sprint("key", i)
		it := ks.DBs[i%2].Find([]byte(key))
		var s object.Scratch
		if got := string(it.Entry.Text(&s)); got != want[key] {
			t.Fatalf("%s is %q, want %q", key, got, want[key])
		}
	}
	ks.FlushAll(false)
	for !ks.Reclaim(time.Now().Add(time.Second)) {
	}
	if b := a.Books().Total; b.Count != 0 {
		t.Errorf("%d blocks left behind", b.Count)
	}
	a.Close()
}

// sink takes a snapshot and keeps nothing.
type sink struct{}

func (sink) Emit(int, object.Entry)                       {}
func (sink) EmitPart(int, object.Entry, bool) (done bool) { return true }
func (sink) Full() bool                                   { return false }

// TestSnapshot sees that values stay as they are while a snapshot is taken.
func TestSnapshot(t *testing.T) {
	a := mem.NewArena("test")
	ks := keyspace.New(a, 1)
	for _, text := range []string{strings.Repeat("x", 100), strings.Repeat("x", 101)} {
		it := ks.DBs[0].Write([]byte("key"))
		copy(it.Edit(len(text)), text)
	}
	snap, err := ks.BeginSnapshot(sink{})
	if err != nil {
		t.Fatal(err)
	}
	var state State
	for _, during := range []bool{true, false} {
		w := NewWalk(ks, config.New(), alone{}, &state, Job{Free: Of(Strings)})
		for !w.Slice(time.Time{}) {
		}
		if found, freed := w.Found[Strings].Bytes, w.Freed[Strings].Bytes; found == 0 || freed == 0 != during {
			t.Errorf("during a snapshot (%v): found %d, freed %d", during, found, freed)
		}
		if during {
			snap.Finish()
			snap.End()
		}
	}
	ks.FlushAll(false)
	a.Close()
}
