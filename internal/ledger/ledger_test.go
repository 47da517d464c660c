package ledger

import (
	"testing"

	"granary/internal/mem"
)

// TestLines sees that every line has a row of its own, and that names are unique under their heading.
func TestLines(t *testing.T) {
	seen := map[string]Line{}
	for i := range NumLines {
		l := Line(i)
		if Info(l).Name == "" {
			t.Errorf("line %d has no row", i)
		}
		if was, ok := seen[l.String()]; ok {
			t.Errorf("lines %d and %d are both %s", was, l, l)
		}
		seen[l.String()] = l
	}
}

// TestRead holds the sums against the books, and sees that nothing is negative and that a look takes no memory.
func TestRead(t *testing.T) {
	a := mem.NewArena("ledger test")
	defer a.Close()
	r1, r2 := a.Alloc(100, mem.PurposeString), a.Alloc(100_000, mem.PurposeReplyBuffer)
	mem.BookOutside(mem.PurposeScript, 5000)
	r := NewReader()
	var l Ledger
	r.Read(&l)
	if l.Used != mem.Used() || l.Sums.Purposes[mem.PurposeString].Usable != 112 {
		t.Errorf("used %d, the books say %d", l.Used, mem.Used())
	}
	if got := l.Part(PartData) + l.Part(PartBuffers); got != l.Used {
		t.Errorf("data and buffers %d, used %d", got, l.Used)
	}
	var sum int64
	for h := range NumHeadings {
		sum += l.Heading(Heading(h))
	}
	if sum != l.Total() {
		t.Errorf("the headings add up to %d, the lines to %d", sum, l.Total())
	}
	for i, n := range l.Lines {
		if n < 0 {
			t.Errorf("%s is %d", Line(i), n)
		}
	}
	if n := testing.AllocsPerRun(100, func() { r.Read(&l) }); n != 0 {
		t.Errorf("%v allocations in a look", n)
	}
	mem.BookOutside(mem.PurposeScript, -5000)
	a.Free(r1, 100, mem.PurposeString)
	a.Free(r2, 100_000, mem.PurposeReplyBuffer)
	mem.CheckLeaks(t)
}

func BenchmarkRead(b *testing.B) {
	r := NewReader()
	var l Ledger
	for b.Loop() {
		r.Read(&l)
	}
}
