package mem

import (
	"strings"
	"testing"
)

// TestMisuse: every wrong use of a region is met by a panic that says what is wrong, and harms nothing.
func TestMisuse(t *testing.T) {
	reopen(t, Config{})
	a, b := testArena(t), testArena(t)
	check := func(text string, f func()) {
		t.Helper()
		got := mustPanic(t, f)
		if !strings.HasPrefix(got, "BUG: mem: ") || !strings.Contains(got, text) {
			t.Errorf("panic %q, want BUG and %q", got, text)
		}
		Check()
	}
	const p = PurposeEntry
	small, other, large := a.Alloc(100, p), a.Alloc(100, p), a.Alloc(50000, p)
	gone, goneLarge := a.Alloc(100, p), a.Alloc(50000, p)
	a.Free(gone, 100, p)
	a.Free(goneLarge, 50000, p)

	check("double free", func() { a.Free(gone, 100, p) })
	check("free", func() { a.Free(goneLarge, 50000, p) })
	check("wrong size", func() { a.Free(small, 300, p) })
	check("wrong size", func() { a.Free(small, 30000, p) })
	check("wrong size", func() { a.Free(large, 90000, p) })
	check("", func() { a.Free(large, 100, p) })
	check("", func() { a.Free(small+1, 100, p) })
	check("", func() { a.Free(large+pageUnits, 50000, p) })
	check("arena", func() { b.Free(small, 100, p) })
	check("arena", func() { b.Free(large, 50000, p) })
	check("", func() { a.Free(0, 100, p) })
	check("", func() { a.Resize(0, 50000, 60000, p) })
	check("", func() { a.ResizeInPlace(small, 300, 310, p) })
	check("in use", func() { a.Close() })
	check("allocation of -1 bytes", func() { a.Alloc(-1, p) })
	if checked {
		check("wrong size", func() { a.Free(small, 101, p) })
		check("wrong purpose", func() { a.Free(small, 100, PurposeString) })
		check("wrong purpose", func() { a.Resize(large, 50000, 50001, PurposeString) })
		check("wrong size", func() { a.Free(large, 50001, p) })

		slack := Bytes(small, 112)
		slack[100]++
		mustPanic(t, Check)
		if got := mustPanic(t, func() { a.Free(small, 100, p) }); !strings.Contains(got, "write past the end") {
			t.Errorf("overrun: %q", got)
		}
		slack[100]--

		dead := Bytes(gone, 100)
		dead[50]++
		if got := mustPanic(t, Check); !strings.Contains(got, "write after free") {
			t.Errorf("write after free: %q", got)
		}
		dead[50]--
		if x := Bytes(a.Alloc(10, p), 10)[3]; x != junkNew {
			t.Errorf("new region holds %#x", x)
		}
		for r := range a.live {
			if a.live[r].n == 10 {
				a.Free(r, 10, p)
			}
		}
	}
	a.Free(small, 100, p)
	a.Free(other, 100, p)
	a.Free(large, 50000, p)
}

// recorder is a test that only notes whether it failed.
type recorder struct{ text string }

func (r *recorder) Helper()                      {}
func (r *recorder) Errorf(f string, args ...any) { r.text = args[0].(string) }

func TestLeaksAreListed(t *testing.T) {
	reopen(t, Config{})
	a := testArena(t)
	r := a.Alloc(100, PurposeListpack)
	var rec recorder
	CheckLeaks(&rec)
	if want := "arena test, listpack-list: 1 regions, 100 bytes requested, 112 usable\n"; rec.text != want {
		t.Errorf("got %q, want %q", rec.text, want)
	}
	a.Free(r, 100, PurposeListpack)
	if s := Leaks(); s != "" {
		t.Errorf("leaks after free: %q", s)
	}
}

// fillUp allocates until memory is out and returns the regions. The books must not have moved by the failure.
func fillUp(t *testing.T, a *Arena, n int) (live []Ref) {
	t.Helper()
	defer func() {
		if r := recover(); r != ErrOutOfMemory {
			t.Fatalf("panic with %v", r)
		}
		Check()
		if b := a.Books(); b.Total.Count != int64(len(live)) {
			t.Errorf("%d regions in the books, %d allocated", b.Total.Count, len(live))
		}
	}()
	for {
		live = append(live, a.Alloc(n, PurposeString))
	}
}

func TestOutOfMemory(t *testing.T) {
	const limit = 8 << 20
	for _, n := range []int{8, 64, 3000, 14336, 100000, 1 << 20} {
		reopen(t, Config{Limit: limit})
		a := testArena(t)
		live := fillUp(t, a, n)
		if used := a.Used(); used < limit*8/10 {
			t.Errorf("%d bytes each: out of memory at %d of %d", n, used, limit)
		}
		// Nothing is lost: after a Free there is room again, and Resize of something else fails clean.
		r := live[len(live)-1]
		mustPanic(t, func() { a.Resize(r, n, limit, PurposeString) })
		a.Free(r, n, PurposeString)
		live[len(live)-1] = a.Alloc(n, PurposeString)
		for _, r := range live {
			a.Free(r, n, PurposeString)
		}
		Check()
	}
}

// TestOutOfMemoryJoinsDirtyAndClean: free memory that is partly resident serves one large request.
func TestOutOfMemoryJoinsDirtyAndClean(t *testing.T) {
	const limit, n = 8 << 20, 64 << 10
	reopen(t, Config{Limit: limit})
	a := testArena(t)
	live := fillUp(t, a, n)
	for i := 0; i < len(live); i += 2 {
		a.Free(live[i], n, PurposeString)
	}
	Purge()
	for i := 1; i < len(live); i += 2 {
		a.Free(live[i], n, PurposeString)
	}
	a.Free(a.Alloc(7<<20, PurposeString), 7<<20, PurposeString)
	mustPanic(t, func() { a.Alloc(9<<20, PurposeString) })
	mustPanic(t, func() { a.Alloc(1<<50, PurposeString) })
}
