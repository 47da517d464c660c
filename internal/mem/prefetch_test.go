package mem

import (
	"testing"
	"unsafe"
)

// TestPrefetch: lines of no memory do no harm, and nothing is asked for nobody.
func TestPrefetch(t *testing.T) {
	Prefetch(nil)
	b := make([]byte, 4096)
	at := []unsafe.Pointer{nil, unsafe.Pointer(&b[0]), unsafe.Add(unsafe.Pointer(&b[0]), len(b)-1), unsafe.Add(nil, 1<<46)}
	for n := range at {
		Prefetch(at[:n+1])
	}
	if n := testing.AllocsPerRun(100, func() { Prefetch(at) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
