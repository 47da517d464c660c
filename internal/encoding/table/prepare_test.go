//go:build !race

package table

// The address range of a race build has no room for a table of this size.

import (
	"testing"

	"granary/internal/mem"
)

// TestPrepare pins that the directory to come is there, every page of it touched, before it is needed.
func TestPrepare(t *testing.T) {
	fixSeed(t, 1)
	a := noLeak(t)
	k := *numberKind
	k.Expire = func(r mem.Ref) int64 { return 1 + int64(Hash(k.Key(r))>>46) }
	tab := New(a, &k)
	doubled := 0
	for i := range 400_000 {
		e := newNumber(a, i)
		d, next, exp := tab.head().depth(), tab.head().next, tab.head().nextExp
		tab.Insert(Hash(numberKind.Key(e)), e)
		if tab.head().depth() == d || d <= prepareDepth {
			continue
		}
		doubled++
		if !next.touched(directoryBytes(d+1)) || !exp.touched(expiryBytes(d+1)) {
			t.Errorf("depth %d: not all was prepared: %#x %#x", d, next, exp)
		}
	}
	if doubled < 3 {
		t.Errorf("the directory doubled %d times only", doubled)
	}
	if err := tab.Check(); err != nil {
		t.Error(err)
	}
	tab.Free(freeNumber(a))
}
