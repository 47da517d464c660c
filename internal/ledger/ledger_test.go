package ledger

import (
	"os"
	"path/filepath"
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

// TestParseMapping has lines as kernels write them.
func TestParseMapping(t *testing.T) {
	is := func(line string, start, end uintptr, perm, name string) {
		t.Helper()
		s, p, n := parseMapping([]byte(line))
		if s.Start != start || s.End != end || string(p) != perm || string(n) != name {
			t.Errorf("%q: %x to %x, %q, %q", line, s.Start, s.End, p, n)
		}
	}
	is("00400000-0088a000 r-xp 00000000 fe:00 10274612                           /usr/bin/granary", 0x400000, 0x88a000, "r-xp", "/usr/bin/granary")
	is("00dec000-02e4d000 rw-p 00000000 00:00 0 ", 0xdec000, 0x2e4d000, "rw-p", "")
	is("7ffc9061c000-7ffc9063d000 rw-p 00000000 00:00 0                          [stack]", 0x7ffc9061c000, 0x7ffc9063d000, "rw-p", "[stack]")
	is("c000000000-c000400000 rw-p 00000000 00:00 0                              [anon: Go: heap]", 0xc000000000, 0xc000400000, "rw-p", "[anon: Go: heap]")
	is("1000-2000 r--p 00000000 fe:00 5 /a file with spaces", 0x1000, 0x2000, "r--p", "/a file with spaces")
	for _, bad := range []string{"", "x", "1000", "1000-2000", "1000-2000 rw"} {
		if _, perm, _ := parseMapping([]byte(bad)); perm != nil {
			t.Errorf("%q is no mapping", bad)
		}
	}
}

// TestSubtract sees that no line goes below zero whatever a survey said.
func TestSubtract(t *testing.T) {
	var l Ledger
	l.Lines[LineDirty], l.Lines[LineSlabs], l.Lines[LineBuffersRounding] = 100, 50, 20
	l.Lines[mem.PurposeReplyBuffer] = 1000
	l.Sums.Large[mem.PurposeReplyBuffer] = 800
	u := mem.Untouched{Slabs: 65, Dirty: 400}
	u.Large[mem.PurposeReplyBuffer] = 900
	u.Large[mem.PurposeString] = 77 // freed since
	l.subtract(&u)
	for line, want := range map[Line]int64{
		LineDirty: 0, LineSlabs: 0, LineBuffersRounding: 5, Line(mem.PurposeReplyBuffer): 200, Line(mem.PurposeString): 0,
	} {
		if l.Lines[line] != want {
			t.Errorf("%s is %d, want %d", line, l.Lines[line], want)
		}
	}
	if l.Untouched != 100+50+15+800 {
		t.Errorf("untouched %d", l.Untouched)
	}
}

// TestCgroup reads what version 2 and version 1 write.
func TestCgroup(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) *os.File {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		f, err := os.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { f.Close() })
		return f
	}
	var buf [64]byte
	is := func(usage, limit string, wantUsage, wantLimit int64) {
		t.Helper()
		c := cgroup{usage: write("usage", usage), limit: write("limit", limit)}
		if u, l := c.read(buf[:]); u != wantUsage || l != wantLimit {
			t.Errorf("%q, %q: %d and %d", usage, limit, u, l)
		}
	}
	is("1234567\n", "max\n", 1234567, 0)
	is("1234567\n", "9000000\n", 1234567, 9000000)
	is("5\n", "9223372036854771712\n", 5, 0)
	stat := write("stat", "anon 4096\nfile 8192\nkernel 1\n")
	r := Reader{cgroup: cgroup{usage: stat, stat: stat.Name(), anon: "anon", file: "file"}}
	if s := r.Cgroup(); s != (CgroupStat{4096, 8192}) {
		t.Errorf("memory.stat: %+v", s)
	}
	var none cgroup
	if u, l := none.read(buf[:]); u != 0 || l != 0 {
		t.Errorf("no cgroup: %d and %d", u, l)
	}
}
