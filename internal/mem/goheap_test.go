package mem

import (
	"runtime"
	"testing"
)

// TestGoSize compares with what the heap grows by.
func TestGoSize(t *testing.T) {
	const n = 20_000
	keep := make([][]byte, n)
	for _, size := range []int{1, 8, 17, 24, 100, 513, 900} {
		runtime.GC()
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		for i := range keep {
			keep[i] = make([]byte, size)
		}
		runtime.ReadMemStats(&after)
		got := float64(after.TotalAlloc-before.TotalAlloc) / n
		if want := float64(GoSize(size)); size > 8 && (got < want || got > want+1) {
			t.Errorf("%d bytes take %.1f, GoSize says %.0f", size, got, want)
		}
		clear(keep)
	}
	type pointers struct {
		_ *int
		_ [700]byte
	}
	all := make([]*pointers, n)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for i := range all {
		all[i] = new(pointers)
	}
	runtime.ReadMemStats(&after)
	got := float64(after.TotalAlloc-before.TotalAlloc) / n
	if want := float64(GoStructSize(712)); got < want || got > want+1 {
		t.Errorf("a struct of 708 bytes takes %.1f, GoStructSize says %.0f", got, want)
	}
}
