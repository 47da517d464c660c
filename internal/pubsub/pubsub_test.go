package pubsub

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"granary/internal/mem"
	"granary/tests/live"
)

// world is a hub beside maps that say the same.
type world struct {
	t     *testing.T
	arena *mem.Arena
	hub   *Hub
	sets  []*Set
	model []map[string]bool // per client: kind and name
}

func newWorld(t *testing.T, clients int) *world {
	w := &world{t: t, arena: mem.NewArena("test")}
	w.hub = New(w.arena)
	for i := range clients {
		w.sets = append(w.sets, NewSet(int64(i)))
		w.model = append(w.model, map[string]bool{})
	}
	t.Cleanup(w.end)
	return w
}

// end empties the hub and demands that nothing is left behind.
func (w *world) end() {
	for _, s := range w.sets {
		w.hub.Leave(s)
	}
	for k := range w.hub.topics {
		w.hub.topics[k].Free(nil)
	}
	if n := w.arena.Books().Purposes[mem.PurposePubSub].Count; n != 0 {
		w.t.Errorf("%d allocations left behind", n)
	}
	w.arena.Close()
}

// relocate moves everything there is, or what helps.
func (w *world) relocate(all bool) {
	if w.arena.BeginCompaction(); all {
		w.arena.EndCompaction()
		w.arena.PlanAll()
	}
	for k := range Kind(NumKinds) {
		for c := w.hub.RelocateTopics(k, 0); c != 0; {
			c = w.hub.RelocateTopics(k, c)
		}
		for _, s := range w.sets {
			for c := w.hub.RelocateSet(s, k, 0); c != 0; {
				c = w.hub.RelocateSet(s, k, c)
			}
		}
	}
	w.arena.EndCompaction()
}

func id(k Kind, name string) string { return fmt.Sprint(k, name) }

// check compares everything.
func (w *world) check() {
	w.t.Helper()
	if err := w.hub.Check(w.sets...); err != nil {
		w.t.Fatal(err)
	}
	topics := map[string][]int64{}
	bytes := w.hub.Bytes()
	for i, s := range w.sets {
		got := map[string]bool{}
		for k := range Kind(NumKinds) {
			s.Each(k, func(name []byte) bool {
				got[id(k, string(name))] = true
				topics[id(k, string(name))] = append(topics[id(k, string(name))], int64(i))
				return true
			})
		}
		if !maps.Equal(got, w.model[i]) || s.Total() != len(got) {
			w.t.Fatalf("client %d: %v, want %v", i, got, w.model[i])
		}
		bytes += s.Bytes()
	}
	n := 0
	for k := range Kind(NumKinds) {
		w.hub.Topics(k, func(name []byte, clients func(func(int64))) bool {
			n++
			var got []int64
			clients(func(c int64) { got = append(got, c) })
			slices.Sort(got)
			if !slices.Equal(got, topics[id(k, string(name))]) || w.hub.Subscribers(k, name) != len(got) {
				w.t.Fatalf("%q: %v, want %v", name, got, topics[id(k, string(name))])
			}
			return true
		})
	}
	if n != len(topics) {
		w.t.Fatalf("%d topics, want %d", n, len(topics))
	}
	if booked := w.arena.Books().Purposes[mem.PurposePubSub].Usable; booked != bytes {
		w.t.Fatalf("%d bytes booked, %d counted", booked, bytes)
	}
}

func TestModel(t *testing.T) {
	rnd := rand.New(rand.NewPCG(live.Seed(t), 0))
	w := newWorld(t, 20)
	for i := range 20_000 {
		c := rnd.IntN(len(w.sets))
		k := Kind(rnd.IntN(NumKinds))
		name := strings.Repeat("x", rnd.IntN(3)) + fmt.Sprint(rnd.IntN(40))
		switch has := w.model[c][id(k, name)]; rnd.IntN(20) {
		case 0:
			w.hub.Leave(w.sets[c])
			clear(w.model[c])
		case 1, 2, 3, 4, 5, 6, 7:
			if w.hub.Unsubscribe(w.sets[c], k, []byte(name)) != has {
				t.Fatalf("unsubscribing %q disagrees", name)
			}
			delete(w.model[c], id(k, name))
		default:
			if w.hub.Subscribe(w.sets[c], k, []byte(name)) == has {
				t.Fatalf("subscribing %q disagrees", name)
			}
			w.model[c][id(k, name)] = true
		}
		if i%500 == 0 {
			w.relocate(i%1000 == 0)
			w.check()
		}
	}
	if w.arena.Moves().Moved < 1000 {
		t.Errorf("%d blocks moved", w.arena.Moves().Moved)
	}
	for c, s := range w.sets {
		w.hub.Leave(s)
		clear(w.model[c])
	}
	w.check()
}

// TestOrder: clients are told in the order in which they subscribed.
func TestOrder(t *testing.T) {
	w := newWorld(t, 5)
	for _, c := range []int{3, 1, 4, 0, 2} {
		w.hub.Subscribe(w.sets[c], Channel, []byte("c"))
	}
	w.hub.Unsubscribe(w.sets[4], Channel, []byte("c"))
	var got []int64
	w.hub.Each(Channel, []byte("c"), func(c int64) { got = append(got, c) })
	if !slices.Equal(got, []int64{3, 1, 0, 2}) {
		t.Errorf("told %v", got)
	}
}

// tried runs f and reports whether there was memory for it.
func tried(f func()) (ok bool) {
	defer func() {
		if r := recover(); r != nil {
			if r != error(mem.ErrOutOfMemory) {
				panic(r)
			}
			ok = false
		}
	}()
	f()
	return true
}

// TestOutOfMemory subscribes while the last pages go one after the other: what is refused changes nothing.
func TestOutOfMemory(t *testing.T) {
	if err := mem.Open(mem.Config{Limit: 2 << 20}); err != nil {
		t.Fatal(err) // another test of this process left memory behind
	}
	t.Cleanup(func() {
		if err := mem.Open(mem.Config{}); err != nil {
			t.Error(err)
		}
	})
	w := newWorld(t, 3)
	ballast := mem.NewArena("ballast")
	var taken []mem.Ref
	var r mem.Ref
	for tried(func() { r = ballast.Alloc(4096, mem.PurposeOther) }) {
		taken = append(taken, r)
	}
	refused, done := 0, 0
	for i := 0; len(taken) > 0; i++ {
		c, name := i%len(w.sets), strings.Repeat("n", i%97)+fmt.Sprint(i)
		if tried(func() { w.hub.Subscribe(w.sets[c], Channel, []byte(name)) }) {
			w.model[c][id(Channel, name)] = true
			done++
			if done%50 == 0 {
				w.check()
			}
			continue
		}
		refused++
		w.check()
		last := len(taken) - 1
		ballast.Free(taken[last], 4096, mem.PurposeOther)
		taken = taken[:last]
		if refused > 60 {
			break
		}
	}
	if refused < 20 || done < 20 {
		t.Errorf("%d refused, %d done: the test shows nothing", refused, done)
	}
	for c, s := range w.sets {
		w.hub.Leave(s)
		clear(w.model[c])
	}
	w.check()
	for _, r := range taken {
		ballast.Free(r, 4096, mem.PurposeOther)
	}
	ballast.Close()
}

// BenchmarkPublish is the cost of finding 100 subscribers.
func BenchmarkPublish(b *testing.B) {
	a := mem.NewArena("bench")
	h := New(a)
	sets := make([]*Set, 100)
	for i := range sets {
		sets[i] = NewSet(int64(i))
		h.Subscribe(sets[i], Channel, []byte("channel"))
	}
	defer func() {
		for _, s := range sets {
			h.Leave(s)
		}
	}()
	n := int64(0)
	b.ReportAllocs()
	for b.Loop() {
		h.Each(Channel, []byte("channel"), func(c int64) { n += c })
	}
}
