package stream

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"

	"granary/internal/encoding/listpack"
	"granary/internal/mem"
)

// modelEntry is an entry of the naive stream.
type modelEntry struct {
	id     ID
	fields []string
}

// model is a stream beside a Go slice.
type model struct {
	tb         testing.TB
	a          *mem.Arena
	s          Stream
	entries    []modelEntry
	last       ID
	maxDeleted ID
	added      uint64
	limits     Limits
}

func newModel(tb testing.TB, limits Limits) *model {
	a := noLeak(tb)
	return &model{tb: tb, a: a, s: New(a), limits: limits}
}

// byteSlices turns texts into arguments.
func byteSlices(texts []string) [][]byte {
	var bs [][]byte
	for _, t := range texts {
		bs = append(bs, []byte(t))
	}
	return bs
}

func (m *model) add(id ID, fields ...string) {
	m.tb.Helper()
	err := m.s.Append(id, byteSlices(fields), m.limits)
	if !m.last.Less(id) {
		if err != ErrOrder {
			m.tb.Fatalf("append %v after %v: %v", id, m.last, err)
		}
		return
	}
	if err != nil {
		m.tb.Fatal(err)
	}
	m.entries = append(m.entries, modelEntry{id, fields})
	m.last = id
	m.added++
}

func (m *model) index(id ID) (int, bool) {
	return slices.BinarySearchFunc(m.entries, id, func(e modelEntry, id ID) int { return e.id.Compare(id) })
}

func (m *model) del(id ID) bool {
	m.tb.Helper()
	i, has := m.index(id)
	if got := m.s.Delete(id); got != has {
		m.tb.Fatalf("delete %v: %v, was there %v", id, got, has)
	}
	if has {
		m.entries = slices.Delete(m.entries, i, i+1)
		if m.maxDeleted.Less(id) {
			m.maxDeleted = id
		}
	}
	return has
}

// trimmed takes what was trimmed off the model and says how many entries that were.
func (m *model) trimmed(n int) {
	m.tb.Helper()
	if m.s.Len() != len(m.entries)-n || n < 0 {
		m.tb.Fatalf("trimmed %d of %d, %d left", n, len(m.entries), m.s.Len())
	}
	m.entries = slices.Delete(m.entries, 0, n)
}

func (m *model) trim(rng *rand.Rand) {
	t := Trim{Approx: rng.IntN(2) == 0}
	if rng.IntN(4) == 0 {
		t.Limit = rng.IntN(200)
	}
	if rng.IntN(2) == 0 {
		n := rng.IntN(len(m.entries) + 10)
		must := max(len(m.entries)-n, 0)
		got := m.s.TrimMaxLen(uint64(n), t)
		if got > must || t == (Trim{}) && got != must {
			m.tb.Fatalf("max length %d of %d, %+v: trimmed %d", n, len(m.entries), t, got)
		}
		m.trimmed(got)
		return
	}
	id := m.draw(rng)
	must, _ := m.index(id)
	got := m.s.TrimMinID(id, t)
	if got > must || t == (Trim{}) && got != must {
		m.tb.Fatalf("least ID %v, %+v: trimmed %d, may %d", id, t, got, must)
	}
	m.trimmed(got)
}

// draw returns an ID near those of the stream.
func (m *model) draw(rng *rand.Rand) ID {
	switch {
	case rng.IntN(20) == 0:
		return []ID{MinID, MaxID}[rng.IntN(2)]
	case len(m.entries) > 0 && rng.IntN(10) < 7:
		return m.entries[rng.IntN(len(m.entries))].id
	}
	return ID{rng.Uint64N(m.last.Ms + 2), rng.Uint64N(4)}
}

// sameRange compares a range in one direction.
func (m *model) sameRange(from, to ID, reverse bool, skipFields int) {
	m.tb.Helper()
	i, _ := m.index(from)
	j, has := m.index(to)
	if has {
		j++
	}
	want := slices.Clone(m.entries[min(i, j):j])
	if to.Less(from) {
		want = nil
	}
	if reverse {
		slices.Reverse(want)
	}
	var it Iter
	var digits listpack.Scratch
	m.s.Range(&it, from, to, reverse)
	for n, e := range want {
		if !it.Next() {
			m.tb.Fatalf("range %v %v: ends after %d of %d", from, to, n, len(want))
		}
		if it.ID != e.id || it.Fields*2 != len(e.fields) {
			m.tb.Fatalf("range %v %v: entry %d is %v with %d fields, want %v", from, to, n, it.ID, it.Fields, e)
		}
		read := it.Fields
		if skipFields > 0 {
			read = n % (it.Fields + 1)
		}
		for k := range read {
			name, value := it.Field()
			if got := string(name.Text(&digits)); got != e.fields[2*k] {
				m.tb.Fatalf("%v: field %d is %q, want %q", e.id, k, got, e.fields[2*k])
			}
			if got := string(value.Text(&digits)); got != e.fields[2*k+1] {
				m.tb.Fatalf("%v: value %d is %q, want %q", e.id, k, got, e.fields[2*k+1])
			}
		}
	}
	if it.Next() {
		m.tb.Fatalf("range %v %v: %v after %d entries", from, to, it.ID, len(want))
	}
}

func (m *model) check() {
	m.tb.Helper()
	if err := m.s.Check(); err != nil {
		m.tb.Fatal(err)
	}
	first := MinID
	if len(m.entries) > 0 {
		first = m.entries[0].id
	}
	s := &m.s
	if s.Len() != len(m.entries) || s.LastID() != m.last || s.FirstID() != first || s.MaxDeletedID() != m.maxDeleted ||
		s.EntriesAdded() != m.added {
		m.tb.Fatalf("%d entries, last %v, first %v, deleted %v, added %d; want %d, %v, %v, %v, %d", s.Len(), s.LastID(),
			s.FirstID(), s.MaxDeletedID(), s.EntriesAdded(), len(m.entries), m.last, first, m.maxDeleted, m.added)
	}
	if s.Groups() == 0 && s.Bytes() != m.a.Used() {
		m.tb.Fatalf("%d bytes, books say %d", s.Bytes(), m.a.Used())
	}
	for _, reverse := range []bool{false, true} {
		m.sameRange(MinID, MaxID, reverse, 0)
		m.sameRange(MinID, MaxID, reverse, 1)
	}
}

// randomFields makes fields of many sizes; most entries of a stream have the same names.
func randomFields(rng *rand.Rand) []string {
	n := 1 + rng.IntN(3)
	if rng.IntN(3) > 0 {
		n = 2
	}
	var fields []string
	for i := range n {
		name := "field" + strconv.Itoa(i)
		if rng.IntN(8) == 0 {
			name = strconv.Itoa(rng.IntN(1000))
		}
		value := strconv.FormatInt(rng.Int64N(1<<rng.IntN(62)+1)-100, 10)
		switch rng.IntN(6) {
		case 0:
			value = ""
		case 1:
			value = strings.Repeat("v", rng.IntN(200))
		case 2:
			value = strings.Repeat("w", rng.IntN(1<<(1+rng.IntN(13))))
		}
		fields = append(fields, name, value)
	}
	return fields
}

func (m *model) nextID(rng *rand.Rand) ID {
	id := m.last
	switch rng.IntN(4) {
	case 0:
		id.Seq += 1 + rng.Uint64N(3)
	case 1:
		id.Ms += 1 + rng.Uint64N(300)
		id.Seq = rng.Uint64() >> rng.IntN(64)
	default:
		id.Ms++
		id.Seq = 0
	}
	return id
}

func TestModel(t *testing.T) {
	for c, limits := range []Limits{{4096, 100}, {0, 0}, {100, 0}, {0, 3}, {1, 1}, {1 << 16, 300}, {4096, 100}} {
		t.Run(fmt.Sprintf("%d,bytes=%d,entries=%d", c, limits.Bytes, limits.Entries), func(t *testing.T) {
			rng := rand.New(rand.NewPCG(*seedFlag, uint64(c)))
			m := newModel(t, limits)
			for step := range 2500 {
				switch x := rng.IntN(100); {
				case x < 70:
					m.add(m.nextID(rng), randomFields(rng)...)
				case x < 90:
					m.del(m.draw(rng))
				case x < 92:
					m.trim(rng)
				case x < 96:
					m.sameRange(m.draw(rng), m.draw(rng), x%2 == 0, x/2%2)
				case x < 97:
					m.add(m.last, "f", "v") // not greater
				default:
					if len(m.entries) > 0 {
						m.del(m.entries[0].id)
						if len(m.entries) > 0 {
							m.del(m.entries[len(m.entries)-1].id)
						}
					}
				}
				if step%100 == 0 {
					m.check()
				}
			}
			m.check()
			m.reload()
			d := m.s.Copy()
			m.s.Free()
			m.s = d
			m.check()
			m.s.TrimMaxLen(0, Trim{})
			m.entries = nil
			m.check()
			for slices := 0; !m.s.FreeSlice(3); slices++ {
			}
		})
	}
}

// reload writes the nodes out and reads them into another stream.
func (m *model) reload() {
	m.tb.Helper()
	s := New(m.a)
	for it := m.s.NodesFrom(MinID); it.Next(); {
		if err := s.AddNode(it.Key, bytes.Clone(it.Listpack)); err != nil {
			m.tb.Fatal(err)
		}
	}
	if s.Len() > 0 {
		key, lp := MaxID, []byte(nil)
		for it := m.s.NodesFrom(MinID); it.Next(); {
			key, lp = it.Key, bytes.Clone(it.Listpack)
		}
		if err := s.AddNode(key, lp); err != ErrCorrupt {
			m.tb.Fatalf("node added twice: %v", err)
		}
	}
	s.SetLastID(m.s.LastID())
	s.SetEntriesAdded(m.s.EntriesAdded())
	s.SetMaxDeletedID(m.s.MaxDeletedID())
	if s.Nodes() != m.s.Nodes() {
		m.tb.Fatalf("%d nodes, were %d", s.Nodes(), m.s.Nodes())
	}
	old := m.s
	m.s = s
	old.Free()
	m.check()
}

func TestTooLarge(t *testing.T) {
	m := newModel(t, Limits{4096, 100})
	big := make([]byte, MaxSize)
	if err := m.s.Append(ID{1, 1}, [][]byte{[]byte("f"), big}, m.limits); err != ErrTooLarge {
		t.Fatal(err)
	}
	m.check()
	m.s.Free()
}

// TestAllocs pins the calls that commands make per entry.
func TestAllocs(t *testing.T) {
	a := noLeak(t)
	s := New(a)
	fields := byteSlices([]string{"sensor", "1234", "temperature", "19.8"})
	id := ID{1, 0}
	for range 1000 {
		id.Ms++
		_ = s.Append(id, fields, Limits{4096, 100})
	}
	g, _ := s.CreateGroup([]byte("g"), MinID, 0)
	c, _ := g.CreateConsumer([]byte("c"), 1)
	var it Iter
	got := testing.AllocsPerRun(200, func() {
		id.Ms++
		_ = s.Append(id, fields, Limits{4096, 100})
		s.Range(&it, ID{id.Ms - 20, 0}, MaxID, false)
		for it.Next() {
			for range it.Fields {
				it.Field()
			}
		}
		s.Range(&it, MinID, ID{id.Ms - 20, 0}, true)
		it.Next()
		s.Advance(&g, id)
		g.Assign(id, g.Consumer([]byte("c")), 5, 1)
		for p := g.EachPending(MinID, MaxID, c); p.Next(); {
		}
		g.Ack(id)
		s.Delete(ID{id.Ms - 50, 0})
		s.TrimMaxLen(900, Trim{Approx: true})
	})
	if got != 0 {
		t.Errorf("%v allocations", got)
	}
	if err := s.Check(); err != nil {
		t.Error(err)
	}
	s.Free()
}

// TestBytes measures what an entry costs, and pins it.
func TestBytes(t *testing.T) {
	a := noLeak(t)
	s := New(a)
	const n = 5000
	for i := range n {
		_ = s.Append(ID{uint64(i + 1), 0}, [][]byte{[]byte("field"), fmt.Appendf(nil, "value:%08d", i)}, Limits{4096, 100})
	}
	t.Logf("%d bytes for %d entries, %d nodes", s.Bytes(), n, s.Nodes())
	if s.Bytes() > 132000 {
		t.Errorf("%d bytes", s.Bytes())
	}
	before := s.Bytes()
	g, _ := s.CreateGroup([]byte("g"), MinID, 0)
	c, _ := g.CreateConsumer([]byte("c"), 0)
	for i := range n {
		g.Assign(ID{uint64(i + 1), 0}, c, 1700000000000, 1)
	}
	per := float64(s.Bytes()-before) / n
	t.Logf("%.1f bytes for a pending entry", per)
	if per > 52 {
		t.Errorf("%.1f bytes for a pending entry", per)
	}
	s.Free()
	s = New(a)
	_ = s.Append(ID{1, 1}, byteSlices([]string{"f", "v"}), Limits{4096, 100})
	t.Logf("%d bytes for a stream of one entry", s.Bytes())
	s.Free()
}

// FuzzNode reads a node of any bytes, and if it is accepted, uses it.
func FuzzNode(f *testing.F) {
	a := mem.NewArena("fuzz")
	s := New(a)
	for i, fields := range [][]string{{"f", "v"}, {"f", "w"}, {"g", "1", "h", "2"}, {"f", "-5"}, {"f", ""}} {
		_ = s.Append(ID{10 + uint64(i), 3}, byteSlices(fields), Limits{})
	}
	s.Delete(ID{11, 3})
	for it := s.NodesFrom(MinID); it.Next(); {
		f.Add(bytes.Clone(it.Listpack), uint64(10), uint64(3))
	}
	s.Free()
	lp := func(elems ...int64) []byte {
		l := listpack.New(make([]byte, 0, 1000))
		for _, e := range elems {
			l = l.Append(listpack.Int(e))
		}
		return l
	}
	f.Add(lp(1, 0, 1, 7, 0, 2, 0, 0, 8, 4), uint64(1), uint64(1))
	f.Add(lp(1, 0, -1, 0, 2, 0, 0, 8, 4), uint64(1), uint64(1))
	f.Add(lp(0, 0, 1, 7, 0), uint64(1), uint64(1))
	f.Add(lp(1, 1, 0, 0, 2, 0, 0, 3, 3, 1, 0, 0, 4), uint64(1), uint64(1))
	f.Add(lp(1, 0, 0, 0, 0, 0, 0, 1<<40, 3), uint64(1), uint64(1))
	f.Fuzz(func(t *testing.T, b []byte, ms, seq uint64) {
		nodeHistory(t, a, ID{ms, seq}, b)
	})
}

// nodeHistory reads a node, and if it is accepted, changes and reads it.
func nodeHistory(t *testing.T, a *mem.Arena, key ID, b []byte) {
	s := New(a)
	defer s.Free()
	if s.AddNode(key, b) != nil {
		return
	}
	if err := s.Check(); err != nil {
		t.Fatal(err)
	}
	s.SetLastID(ID{1<<64 - 1, 1<<64 - 5})
	n := s.Len()
	ids := useNode(t, &s)
	if len(ids) != n {
		t.Fatalf("%d entries, length %d", len(ids), n)
	}
	_ = s.Append(ID{1<<64 - 1, 1<<64 - 4}, byteSlices([]string{"f", "v"}), Limits{})
	if n > 1 {
		if !s.Delete(ids[n/2]) || s.Delete(ids[n/2]) {
			t.Fatalf("delete %v", ids[n/2])
		}
		s.TrimMaxLen(uint64(n/2), Trim{})
	}
	if err := s.Check(); err != nil {
		t.Fatal(err)
	}
	useNode(t, &s)
}

// FuzzElements is FuzzNode for listpacks that are well formed: each byte is an integer, or the length of a string.
func FuzzElements(f *testing.F) {
	a := mem.NewArena("fuzz")
	f.Add([]byte{1, 0, 1, 250, 0, 2, 0, 0, 250, 4}, uint64(1), uint64(1))
	f.Add([]byte{2, 0, 0, 0, 2, 0, 0, 3, 0, 0, 1, 1, 7, 8, 6}, uint64(1), uint64(1))
	f.Add([]byte{1, 1, 2, 251, 5, 0, 3, 0, 0, 9, 9, 5, 2, 1, 0, 250, 9, 5}, uint64(1), uint64(1))
	f.Add([]byte{2, 0, 0, 0, 2, 0, 0, 3, 2, 0, 199, 3}, uint64(1<<63), uint64(1<<64-1))
	f.Fuzz(func(t *testing.T, elems []byte, ms, seq uint64) {
		lp := listpack.New(make([]byte, 0, 10+300*len(elems)))
		for _, e := range elems {
			switch {
			case e < 200:
				lp = lp.Append(listpack.Int(int64(e)))
			case e < 250:
				lp = lp.Append(listpack.Int(int64(e) - 250))
			default:
				lp = lp.Append(listpack.Of(bytes.Repeat([]byte("5"), 30*int(e-250)+1)[:30*int(e-250)/2+1]))
			}
		}
		nodeHistory(t, a, ID{ms, seq}, lp)
	})
}

// useNode reads all entries forwards and backwards.
func useNode(t *testing.T, s *Stream) (ids []ID) {
	var it Iter
	text := 0
	s.Range(&it, MinID, MaxID, false)
	for it.Next() {
		ids = append(ids, it.ID)
		for range it.Fields {
			name, value := it.Field()
			text += name.TextLen() + value.TextLen()
		}
	}
	n := len(ids)
	s.Range(&it, MinID, MaxID, true)
	for it.Next() {
		if n--; n < 0 || ids[n] != it.ID {
			t.Fatalf("backwards %v at %d of %v", it.ID, n, ids)
		}
		for range it.Fields {
			name, value := it.Field()
			text -= name.TextLen() + value.TextLen()
		}
	}
	if n != 0 || text != 0 {
		t.Fatalf("%d entries and %d bytes of text are not there backwards", n, text)
	}
	return ids
}

func BenchmarkAppend(b *testing.B) {
	a := noLeak(b)
	s := New(a)
	fields := byteSlices([]string{"sensor", "1234", "temperature", "19.8"})
	b.ReportAllocs()
	i := uint64(0)
	for b.Loop() {
		i++
		_ = s.Append(ID{i, 0}, fields, Limits{4096, 100})
		if i%1000 == 0 {
			s.TrimMaxLen(1000000, Trim{Approx: true})
		}
	}
	s.Free()
}

func BenchmarkRange(b *testing.B) {
	a := noLeak(b)
	s := New(a)
	fields := byteSlices([]string{"sensor", "1234", "temperature", "19.8"})
	for i := range 100000 {
		_ = s.Append(ID{uint64(i + 1), 0}, fields, Limits{4096, 100})
	}
	for _, reverse := range []bool{false, true} {
		b.Run(fmt.Sprintf("reverse=%v", reverse), func(b *testing.B) {
			var it Iter
			s.Range(&it, MinID, MaxID, reverse)
			for b.Loop() {
				if !it.Next() {
					s.Range(&it, MinID, MaxID, reverse)
					continue
				}
				for range it.Fields {
					it.Field()
				}
			}
		})
	}
	s.Free()
}

func BenchmarkAssignAck(b *testing.B) {
	a := noLeak(b)
	s := New(a)
	g, _ := s.CreateGroup([]byte("g"), MinID, 0)
	c, _ := g.CreateConsumer([]byte("c"), 0)
	i := uint64(0)
	for b.Loop() {
		i++
		g.Assign(ID{i, 0}, c, 1, 1)
		if i > 10000 {
			g.Ack(ID{i - 10000, 0})
		}
	}
	s.Free()
}
