package stream

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"

	"granary/internal/mem"
)

// modelGroup is a naive group.
type modelGroup struct {
	pending   map[ID]modelPending
	consumers map[string]bool
}

type modelPending struct {
	consumer string
	t        int64
	n        uint64
}

// groupModel is a stream's groups beside Go maps.
type groupModel struct {
	tb     testing.TB
	a      *mem.Arena
	s      Stream
	rng    *rand.Rand
	groups map[string]*modelGroup
	space  uint64 // of IDs
	names  int    // of consumers
}

func newGroupModel(tb testing.TB, seed, space uint64, names int) *groupModel {
	a := noLeak(tb)
	return &groupModel{tb, a, New(a), rand.New(rand.NewPCG(*seedFlag, seed)), map[string]*modelGroup{}, space, names}
}

func (m *groupModel) id() ID { return ID{m.rng.Uint64N(m.space), m.rng.Uint64N(2)} }

func (m *groupModel) step() {
	rng := m.rng
	name := "group" + strconv.Itoa(rng.IntN(5))
	consumer := "consumer" + strconv.Itoa(rng.IntN(m.names))
	g := m.s.Group([]byte(name))
	has := m.groups[name]
	if g.Ok() != (has != nil) {
		m.tb.Fatalf("%s: found %v, is there %v", name, g.Ok(), has != nil)
	}
	switch x := rng.IntN(1000); {
	case has == nil:
		id, n := m.id(), rng.Int64N(100)
		g, created := m.s.CreateGroup([]byte(name), id, n)
		if !created || g.LastID() != id || g.EntriesRead() != n || string(g.Name()) != name {
			m.tb.Fatalf("%s: created %v", name, created)
		}
		if again, created := m.s.CreateGroup([]byte(name), MinID, 0); created || again != g {
			m.tb.Fatalf("%s: created twice", name)
		}
		m.groups[name] = &modelGroup{map[ID]modelPending{}, map[string]bool{}}
	case x == 0:
		d, ok := m.s.DetachGroup([]byte(name))
		for ok && !d.FreeSlice(7) {
		}
		delete(m.groups, name)
	case x < 500:
		c, created := g.CreateConsumer([]byte(consumer), 5)
		if created == has.consumers[consumer] {
			m.tb.Fatalf("%s: created %v", consumer, created)
		}
		if created && (c.Seen() != 5 || c.Active() != Inactive) {
			m.tb.Fatalf("%s: seen %d, active %d", consumer, c.Seen(), c.Active())
		}
		has.consumers[consumer] = true
		id, t, n := m.id(), rng.Int64N(maxTime), rng.Uint64N(maxDeliveries)
		_, was := has.pending[id]
		if added := g.Assign(id, c, t, n); added == was {
			m.tb.Fatalf("assign %v: added %v", id, added)
		}
		has.pending[id] = modelPending{consumer, t, n}
	case x < 900:
		id := m.id()
		if len(has.pending) > 0 && x < 800 {
			it := g.EachPending(id, MaxID, Consumer{})
			if it.Next() {
				id = it.ID
			}
		}
		_, was := has.pending[id]
		if got := g.Ack(id); got != was {
			m.tb.Fatalf("ack %v: %v, was there %v", id, got, was)
		}
		delete(has.pending, id)
	case x < 920:
		n, ok := g.DeleteConsumer([]byte(consumer))
		if ok != has.consumers[consumer] {
			m.tb.Fatalf("delete %s: %v", consumer, ok)
		}
		for id, p := range has.pending {
			if p.consumer == consumer {
				delete(has.pending, id)
				n--
			}
		}
		if n != 0 {
			m.tb.Fatalf("delete %s: %d entries more than it had", consumer, n)
		}
		delete(has.consumers, consumer)
	default:
		m.sameRange(&g, has, m.id(), m.id(), consumer)
	}
}

// sameRange compares the pending entries of a range, of all consumers and of one.
func (m *groupModel) sameRange(g *Group, has *modelGroup, from, to ID, consumer string) {
	m.tb.Helper()
	for _, only := range []Consumer{{}, g.Consumer([]byte(consumer))} {
		var want []ID
		for id, p := range has.pending {
			if !id.Less(from) && !to.Less(id) && (!only.Ok() || p.consumer == consumer) {
				want = append(want, id)
			}
		}
		slices.SortFunc(want, ID.Compare)
		it := g.EachPending(from, to, only)
		for _, id := range want {
			p := has.pending[id]
			if !it.Next() || it.ID != id || string(it.Consumer.Name()) != p.consumer || it.Time != p.t || it.Deliveries != p.n {
				m.tb.Fatalf("pending %+v, want %v %+v", it.Pending, id, p)
			}
			if got, ok := g.Find(id); !ok || got != it.Pending {
				m.tb.Fatalf("found %+v, want %+v", got, it.Pending)
			}
		}
		if it.Next() {
			m.tb.Fatalf("pending %v after %d entries", it.ID, len(want))
		}
	}
}

func (m *groupModel) check() {
	m.tb.Helper()
	if err := m.s.Check(); err != nil {
		m.tb.Fatal(err)
	}
	if m.s.Bytes() != m.a.Used() {
		m.tb.Fatalf("%d bytes, books say %d", m.s.Bytes(), m.a.Used())
	}
	n, last := 0, ""
	for it := m.s.EachGroup(); it.Next(); n++ {
		has := m.groups[string(it.Name())]
		if has == nil || string(it.Name()) <= last {
			m.tb.Fatalf("group %q after %q", it.Name(), last)
		}
		last = string(it.Name())
		k, name := 0, ""
		for c := it.EachConsumer(); c.Next(); k++ {
			if !has.consumers[string(c.Name())] || string(c.Name()) <= name {
				m.tb.Fatalf("consumer %q after %q", c.Name(), name)
			}
			name = string(c.Name())
		}
		if k != len(has.consumers) || k != it.Consumers() || it.Pending() != len(has.pending) {
			m.tb.Fatalf("%d of %d consumers, %d of %d pending", k, len(has.consumers), it.Pending(), len(has.pending))
		}
		m.sameRange(&it.Group, has, MinID, MaxID, name)
		if it.Pending() > 0 {
			first, last := it.PendingEdges()
			all := make([]ID, 0, len(has.pending))
			for id := range has.pending {
				all = append(all, id)
			}
			if first != slices.MinFunc(all, ID.Compare) || last != slices.MaxFunc(all, ID.Compare) {
				m.tb.Fatalf("edges %v %v", first, last)
			}
		}
	}
	if n != len(m.groups) || n != m.s.Groups() {
		m.tb.Fatalf("%d groups, want %d", n, len(m.groups))
	}
}

func TestGroups(t *testing.T) {
	for c, shape := range []struct {
		space uint64
		names int
	}{{20, 3}, {2000, 4}, {500, 1000}} {
		t.Run(fmt.Sprintf("ids=%d,consumers=%d", shape.space, shape.names), func(t *testing.T) {
			m := newGroupModel(t, uint64(c), shape.space, shape.names)
			for step := range 8000 {
				m.step()
				if step%1000 == 0 {
					m.check()
				}
			}
			m.check()
			d := m.s.StartDup()
			for !d.Step(5) {
			}
			for !m.s.FreeSlice(11) {
			}
			m.s = d.Result()
			m.check()
			half := m.s.StartDup()
			half.Step(50)
			half.Abandon()
			m.relocate()
			m.s.Free()
		})
	}
}

// relocate compacts: other blocks are freed first, so that there is something to gain.
func (m *groupModel) relocate() {
	for i := range 4000 {
		_ = m.s.Append(ID{uint64(i + 1), 0}, byteSlices([]string{"f", "some value of an entry " + strconv.Itoa(i)}), Limits{512, 10})
	}
	for i := range 4000 {
		if i%7 > 1 {
			m.s.Delete(ID{uint64(i + 1), 0})
		}
		if m.rng.IntN(4) > 0 && i < 1500 {
			for it := m.s.EachGroup(); it.Next(); {
				id := ID{uint64(i), m.rng.Uint64N(2)}
				it.Ack(id)
				delete(m.groups[string(it.Name())].pending, id)
			}
		}
	}
	m.check()
	m.a.BeginCompaction()
	moved := m.s.RelocateRoot()
	steps := 0
	for cursor := MinID; ; steps++ {
		if cursor = m.s.Relocate(cursor); cursor.IsZero() {
			break
		}
	}
	for cursor := (GroupCursor{}); !cursor.Done; steps++ {
		m.s.RelocateGroups(&cursor)
	}
	m.a.EndCompaction()
	m.tb.Logf("%d steps, root moved %v", steps, moved)
	m.check()
}

func TestRelocateMovesAll(t *testing.T) {
	a := noLeak(t)
	// Every other block belongs to one of two streams; one of them goes, so the other's slabs are half empty.
	var s [2]Stream
	var g [2]Group
	for i := range s {
		s[i] = New(a)
		g[i], _ = s[i].CreateGroup([]byte("g"), MinID, 0)
	}
	for n := range uint64(6000) {
		for i := range s {
			_ = s[i].Append(ID{n + 1, 0}, byteSlices([]string{"f", "v"}), Limits{128, 10})
			c, _ := g[i].CreateConsumer(fmt.Appendf(nil, "c%d", n%700), 1)
			g[i].Assign(ID{n + 1, 0}, c, 1, 1)
		}
	}
	s[0].Free()
	before := a.Books()
	gain := a.BeginCompaction()
	for cursor := s[1].Relocate(MinID); !cursor.IsZero(); {
		cursor = s[1].Relocate(cursor)
	}
	for cursor := (GroupCursor{}); !cursor.Done; {
		s[1].RelocateGroups(&cursor)
	}
	s[1].RelocateRoot()
	a.EndCompaction()
	if err := s[1].Check(); err != nil {
		t.Fatal(err)
	}
	after := a.Books()
	var was, is int64
	for i := range after.Classes {
		was += before.Classes[i].Slabs
		is += after.Classes[i].Slabs
	}
	t.Logf("%d bytes to gain; %d slabs, now %d", gain, was, is)
	if is > was*2/3 {
		t.Errorf("%d slabs of %d are left", is, was)
	}
	s[1].Free()
}

// TestLag compares the estimates with what Redis documents: known at the ends, unknown beside holes.
func TestLag(t *testing.T) {
	a := noLeak(t)
	s := New(a)
	defer s.Free()
	g, _ := s.CreateGroup([]byte("g"), MinID, UnknownRead)
	is := func(what string, want int64, known bool) {
		t.Helper()
		if lag, ok := s.Lag(&g); ok != known || ok && lag != want {
			t.Errorf("%s: lag %d %v, want %d %v", what, lag, ok, want, known)
		}
	}
	is("new stream", 0, true)
	for i := range 5 {
		_ = s.Append(ID{uint64(i + 1), 0}, byteSlices([]string{"f", "v"}), Limits{})
	}
	is("nothing read", 5, true)
	g.SetLastID(ID{3, 0})
	is("in the middle", 0, false)
	g.SetLastID(ID{1, 0})
	is("at the first", 4, true)
	g.SetLastID(MinID)
	for _, id := range []ID{{1, 0}, {2, 0}} {
		if !s.Advance(&g, id) {
			t.Error("not advanced")
		}
	}
	if s.Advance(&g, ID{2, 0}) {
		t.Error("advanced twice")
	}
	is("two read", 3, true)
	s.Delete(ID{4, 0})
	is("a hole ahead", 0, false)
	s.Advance(&g, ID{3, 0})
	is("a hole ahead", 0, false)
	s.Advance(&g, ID{5, 0})
	is("all read", 0, true)
	g.SetLastID(ID{9, 0})
	g.SetEntriesRead(UnknownRead)
	is("an ID of the future", 0, false)
}

// TestLagAfterDeleting pins what is known of a group beside what was deleted and trimmed, as Redis 7.4 and Valkey 8.1 tell it.
// The steps: +n adds so many entries, with IDs from 1-0 on; -n deletes n-0; <n trims to IDs from n-0 on; @n creates the group
// at n-0; rn reads n entries.
func TestLagAfterDeleting(t *testing.T) {
	const null = UnknownRead
	for _, c := range []struct {
		steps     string
		read, lag int64
	}{
		{"+5 @0", null, 5},
		{"+5 @0 r1", 1, 4},
		{"+5 @0 r5 +1", 5, 1},
		{"+10 @0 r8 -9", 8, null},         // a tombstone ahead
		{"+10 @0 r8 -9 r1", 10, 0},        // and behind
		{"+5 -3 @0", null, null},          // a tombstone in the middle
		{"+5 -3 @0 r1", null, null},       //
		{"+5 -3 @0 r4", 5, 0},             // the end is known
		{"+6 -3 @0 <3", null, 3},          // and so is the beginning, once the tombstone is before it
		{"+7 -3 @0 <7", null, 1},          //
		{"+7 @0 r5 <7", 5, 2},             // what is trimmed away has not been read
		{"+7 @0 r5 <7 r1", 7, 0},          // until the group is past it
		{"+6 @0 r1 <3 r4", 6, 0},          //
		{"+4 @3 -4 <9 +1", null, null},    // a tombstone before the first entry, but after the group
		{"+1 @1 +1 -2 +3 <3", null, null}, //
		{"+4 -3 @1", null, null},          //
		{"+4 -3 @4", null, 0},             //
		{"+1 -1 @1", null, 0},             // empty, and nothing is to come
		{"+1 -1 @3", null, null},          // an ID of the future
		{"+2 -2 @0 r1 +1 -1", null, null}, //
		{"+1 @0 r1 -1 +1", 1, 1},          //
		{"+2 @0 r1 -1 r1", 2, 0},          //
		{"+3 @0 r1 -1 -2", 1, null},       //
		{"+3 @0 r3 <9", 3, 0},             //
	} {
		a := noLeak(t)
		s := New(a)
		var g Group
		n := uint64(0)
		for _, step := range strings.Fields(c.steps) {
			v, err := strconv.ParseUint(step[1:], 10, 64)
			if err != nil {
				t.Fatal(err)
			}
			switch step[0] {
			case '+':
				for range v {
					n++
					_ = s.Append(ID{n, 0}, byteSlices([]string{"f", "v"}), Limits{})
				}
			case '-':
				s.Delete(ID{v, 0})
			case '<':
				s.TrimMinID(ID{v, 0}, Trim{})
			case '@':
				g, _ = s.CreateGroup([]byte("g"), ID{v, 0}, UnknownRead)
			case 'r':
				from, _ := g.LastID().Next()
				var it Iter
				for s.Range(&it, from, MaxID, false); v > 0 && it.Next(); v-- {
					s.Advance(&g, it.ID)
				}
			}
		}
		lag, ok := s.Lag(&g)
		if !ok {
			lag = null
		}
		if g.EntriesRead() != c.read || lag != c.lag {
			t.Errorf("%s: read %d, lag %d, want %d and %d", c.steps, g.EntriesRead(), lag, c.read, c.lag)
		}
		s.Free()
	}
}

// TestPendingLimits pins what numbers that do not fit become.
func TestPendingLimits(t *testing.T) {
	a := noLeak(t)
	s := New(a)
	defer s.Free()
	g, _ := s.CreateGroup([]byte("g"), MinID, 0)
	c, _ := g.CreateConsumer([]byte("c"), 0)
	g.Assign(ID{1, 1}, c, -5, 1<<63)
	if p, ok := g.Find(ID{1, 1}); !ok || p.Time != 0 || p.Deliveries != maxDeliveries {
		t.Errorf("%+v", p)
	}
	g.Assign(MaxID, c, 1<<62, 0)
	it := g.EachPending(MinID, MaxID, Consumer{})
	n := 0
	for it.Next() {
		n++
	}
	if p, _ := g.Find(MaxID); n != 2 || p.Time != maxTime {
		t.Errorf("%d entries, %+v", n, p)
	}
}
