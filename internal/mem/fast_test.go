//go:build !race && !invariants

package mem

import (
	"os/exec"
	"strings"
	"testing"
)

// The checks of other builds allocate, and are not meant to be fast.

// TestFastPathAllocatesNothing: no garbage for the collector from an allocation in the range.
func TestFastPathAllocatesNothing(t *testing.T) {
	reopen(t, Config{})
	a := testArena(t)
	check := func(what string, f func()) {
		t.Helper()
		f()
		if n := testing.AllocsPerRun(200, f); n != 0 {
			t.Errorf("%s: %v Go allocations", what, n)
		}
	}
	var r [300]Ref
	for _, n := range []int{1, 48, 130, 5000, 20000, 8 << 20} {
		check("Alloc and Free", func() { a.Free(a.Alloc(n, PurposeEntry), n, PurposeEntry) })
		check("AllocZero, Resize and Free", func() {
			r := a.AllocZero(n, PurposeEntry)
			r = a.Resize(r, n, n+n/2, PurposeEntry)
			a.Free(r, n+n/2, PurposeEntry)
		})
		check("300 at a time", func() {
			for i := range r {
				r[i] = a.Alloc(n, PurposeString)
			}
			for i := range r {
				a.Free(r[(i*7)%len(r)], n, PurposeString)
			}
		})
	}
	check("Used", func() { Used() })
}

// TestInlines pins what every reader of the data set calls.
func TestInlines(t *testing.T) {
	out, err := exec.Command("go", "build", "-gcflags=-m", ".").CombinedOutput()
	if err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	for _, f := range []string{"Bytes", "Ptr", "LoadRef", "PutRef", "recordOf", "recordAt", "(*record).ref", "(*record).word"} {
		if !strings.Contains(string(out), "can inline "+f+"\n") {
			t.Errorf("%s does not inline", f)
		}
	}
}
