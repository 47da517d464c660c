package quicklist

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"granary/internal/encoding/listpack"
	"granary/internal/mem"
)

// noLeak returns an arena that must be empty at the end of the test.
func noLeak(t testing.TB) *mem.Arena {
	a := mem.NewArena("test")
	t.Cleanup(func() {
		if b := a.Books().Total; b.Count == 0 {
			a.Close()
		} else if !t.Failed() {
			t.Errorf("leak: %d regions, %d bytes", b.Count, b.Usable)
		}
	})
	return a
}

func of(s string) Elem { return listpack.Of([]byte(s)) }

func text(e Elem) string { return string(e.AppendTo(nil)) }

// model is a list beside a Go slice.
type model struct {
	tb   testing.TB
	a    *mem.Arena
	l    List
	want []string
}

func newModel(tb testing.TB, fill, depth int) *model {
	a := noLeak(tb)
	return &model{tb: tb, a: a, l: New(NewStore(a), fill, depth)}
}

// check compares Len, the books and the whole structure.
func (m *model) check() {
	m.tb.Helper()
	if err := m.l.Check(); err != nil {
		m.tb.Fatal(err)
	}
	if err := m.l.checkDepth(); err != nil {
		m.tb.Fatal(err)
	}
	if m.l.Len() != len(m.want) {
		m.tb.Fatalf("Len is %d, want %d", m.l.Len(), len(m.want))
	}
	if got := m.a.Books().Total.Usable; got != m.l.Bytes() {
		m.tb.Fatalf("Bytes is %d, the books say %d", m.l.Bytes(), got)
	}
}

// verify compares all elements, in both directions.
func (m *model) verify() {
	m.tb.Helper()
	m.check()
	i := 0
	for it := m.l.From(0); it.Valid(); it.Next() {
		if i >= len(m.want) || it.Index() != i || text(it.Elem()) != m.want[i] {
			m.tb.Fatalf("forwards at %d (%d): %q", i, it.Index(), text(it.Elem()))
		}
		i++
	}
	if i != len(m.want) {
		m.tb.Fatalf("forwards %d of %d", i, len(m.want))
	}
	for it := m.l.BackFrom(i - 1); it.Valid(); it.Next() {
		i--
		if i < 0 || it.Index() != i || text(it.Elem()) != m.want[i] {
			m.tb.Fatalf("backwards at %d (%d): %q", i, it.Index(), text(it.Elem()))
		}
	}
	if i != 0 {
		m.tb.Fatalf("backwards down to %d", i)
	}
}

func (m *model) free() {
	m.l.Free()
	if m.l.Root() != 0 {
		m.tb.Fatal("freed, but there is a root")
	}
}

// at compares what reads single elements.
func (m *model) at(i int) {
	m.tb.Helper()
	want, has := "", i >= 0 && i < len(m.want)
	if has {
		want = m.want[i]
	}
	if e, ok := m.l.Index(i); ok != has || ok && text(e) != want {
		m.tb.Fatalf("Index(%d) is %q, %v; want %q", i, text(e), ok, want)
	}
	if e, ok := m.l.Index(i - len(m.want)); has && (!ok || text(e) != want) {
		m.tb.Fatalf("Index(%d) is %q, %v; want %q", i-len(m.want), text(e), ok, want)
	}
	if e, ok := m.l.Head(); ok != (len(m.want) > 0) || ok && text(e) != m.want[0] {
		m.tb.Fatalf("Head is %q, %v", text(e), ok)
	}
	if e, ok := m.l.Tail(); ok != (len(m.want) > 0) || ok && text(e) != m.want[len(m.want)-1] {
		m.tb.Fatalf("Tail is %q, %v", text(e), ok)
	}
}

func (m *model) pushHead(s string) {
	m.l.PushHead(of(s))
	m.want = slices.Insert(m.want, 0, s)
}

func (m *model) pushTail(s string) {
	m.l.PushTail(of(s))
	m.want = append(m.want, s)
}

func (m *model) insert(i int, s string) {
	m.l.Insert(i, of(s))
	m.want = slices.Insert(m.want, i, s)
}

func (m *model) set(i int, s string) {
	m.l.Set(i, of(s))
	m.want[i] = s
}

func (m *model) deleteRange(start, count int) {
	d := m.l.DeleteRange(start, count)
	if start < len(m.want) {
		m.want = slices.Delete(m.want, start, min(start+count, len(m.want)))
	}
	m.freeDoomed(d)
}

func (m *model) trim(start, count int) {
	d := m.l.Trim(start, count)
	m.want = m.want[start:][:count]
	m.freeDoomed(d)
}

// freeDoomed compares what is freed later with what is left.
func (m *model) freeDoomed(d Doomed) {
	for n := d.Nodes(); !d.Empty(); {
		done := d.FreeSlice(100)
		if left := d.Nodes(); left > max(0, n-100) || done != (left == 0) {
			m.tb.Fatalf("FreeSlice left %d of %d nodes, done %v", left, n, done)
		} else {
			n = left
		}
	}
}

func (m *model) remove(s string, most int, back bool) {
	m.tb.Helper()
	got, want := m.l.Remove(of(s), most, back), 0
	keep := make([]string, 0, len(m.want))
	if back {
		slices.Reverse(m.want)
	}
	for _, x := range m.want {
		if x == s && (most == 0 || want < most) {
			want++
		} else {
			keep = append(keep, x)
		}
	}
	if m.want = keep; back {
		slices.Reverse(m.want)
	}
	if got != want {
		m.tb.Fatalf("Remove(%.20q, %d, %v) removed %d, want %d", s, most, back, got, want)
	}
}

// find looks from i on for s among at most most elements.
func (m *model) find(i int, s string, most int, back bool) {
	m.tb.Helper()
	want, left := -1, most
	for j := i; j >= 0 && j < len(m.want) && (most == 0 || left > 0); left-- {
		if m.want[j] == s {
			want = j
			break
		}
		if back {
			j--
		} else {
			j++
		}
	}
	it := m.l.From(i)
	if back {
		it = m.l.BackFrom(i)
	}
	if ok := it.Find(of(s), most); ok != (want >= 0) || ok && it.Index() != want {
		m.tb.Fatalf("Find(%.20q) from %d, most %d, back %v: %v at %d, want %d", s, i, most, back, ok, it.Index(), want)
	}
}

func (m *model) rotate(toTail bool) {
	m.l.Rotate(toTail)
	if n := len(m.want); n > 1 && toTail {
		m.want = append(m.want[1:], m.want[0])
	} else if n > 1 {
		m.want = slices.Insert(m.want[:n-1:n-1], 0, m.want[n-1])
	}
}

func (m *model) pop(atHead bool) {
	m.tb.Helper()
	ok := false
	if atHead {
		if ok = m.l.PopHead(); ok {
			m.want = slices.Delete(m.want, 0, 1)
		}
	} else if ok = m.l.PopTail(); ok {
		m.want = m.want[:len(m.want)-1]
	}
	if !ok && len(m.want) > 0 {
		m.tb.Fatal("nothing was popped")
	}
}

// dup copies the list, changes the copy, and goes on with either.
func (m *model) dup(keep bool) {
	m.tb.Helper()
	d := m.l.Dup()
	if err := d.Check(); err != nil {
		m.tb.Fatal(err)
	}
	if d.Len() != m.l.Len() || d.Bytes() > m.l.Bytes()+2048 {
		m.tb.Fatalf("a copy of %d elements, %d bytes has %d, %d", m.l.Len(), m.l.Bytes(), d.Len(), d.Bytes())
	}
	if keep {
		m.l.Free()
		m.l = d
	} else {
		defer d.Free() // popping may open a node, for which there may be no memory
		d.PopTail()
	}
}

// relocate moves what the allocator would have moved.
func (m *model) relocate() {
	m.a.BeginCompaction()
	for c := m.l.Relocate(0); c != 0; c = m.l.Relocate(c) {
	}
	if m.l.RelocateRoot() {
		m.l = Open(m.l.st, m.l.Root())
	}
	m.a.EndCompaction()
}

// walk changes the list through an iterator.
func (m *model) walk(rnd *rand.Rand, elem func() string) {
	m.tb.Helper()
	i, back := rnd.IntN(len(m.want)), rnd.IntN(2) == 0
	it := m.l.From(i)
	if back {
		it = m.l.BackFrom(i)
	}
	for range 5 {
		if it.Valid() != (i >= 0 && i < len(m.want)) {
			m.tb.Fatalf("iterator at %d of %d: valid %v", i, len(m.want), it.Valid())
		}
		if !it.Valid() {
			return
		}
		if it.Index() != i || text(it.Elem()) != m.want[i] || !it.Equal(of(m.want[i])) || it.Equal(of(m.want[i]+"x")) {
			m.tb.Fatalf("iterator at %d (%d): %q, want %q", it.Index(), i, text(it.Elem()), m.want[i])
		}
		switch rnd.IntN(6) {
		case 0:
			it.Delete()
			if m.want = slices.Delete(m.want, i, i+1); back {
				i--
			}
		case 1:
			s := elem()
			it.Set(of(s))
			m.want[i] = s
		case 2:
			s := elem()
			it.InsertBefore(of(s))
			m.want = slices.Insert(m.want, i, s)
			i++
		case 3:
			s := elem()
			it.InsertAfter(of(s))
			m.want = slices.Insert(m.want, i+1, s)
		default:
			if it.Next(); back {
				i--
			} else {
				i++
			}
		}
	}
}

// elements draws elements of all kinds: integers, short and long strings, such that repeat and that compress.
func elements(rnd *rand.Rand, longest int) func() string {
	return func() string {
		switch rnd.IntN(12) {
		case 0, 1:
			return fmt.Sprint(rnd.IntN(20))
		case 2:
			return fmt.Sprint(rnd.Int64() >> rnd.IntN(63))
		case 3, 4, 5:
			return fmt.Sprintf("element %d", rnd.IntN(10))
		case 6:
			return ""
		case 7:
			b := make([]byte, rnd.IntN(100))
			for i := range b {
				b[i] = byte(rnd.Uint32())
			}
			return string(b)
		case 8:
			if rnd.IntN(4) == 0 {
				return strings.Repeat(fmt.Sprint(rnd.IntN(3)), rnd.IntN(longest))
			}
		}
		return strings.Repeat("abc", rnd.IntN(40)) + fmt.Sprint(rnd.IntN(100))
	}
}
