package command

import (
	"math/rand/v2"
	"slices"
	"testing"

	"granary/internal/mem"
)

// TestHistogram compares percentiles with those of all values, sorted: they may be too large by the width of a bucket,
// never too small.
func TestHistogram(t *testing.T) {
	a := mem.NewArena("histogram")
	defer a.Close()
	rng := rand.New(rand.NewPCG(1, 2))
	for _, most := range []int64{100, 300, 5000, 1e6, 2e9} {
		var h Histogram
		var all []int64
		for range 5000 {
			v := 1 + rng.Int64N(most)
			h.record(a, v, 1)
			all = append(all, min(v, histMax))
		}
		slices.Sort(all)
		for _, p := range []float64{0, 1, 50, 90, 99, 99.9, 100} {
			want := all[max(0, int(p/100*float64(len(all))+0.5)-1)]
			got := h.Percentile(p)
			if got < want || float64(got) > float64(want)*1.008+1 {
				t.Errorf("values to %d: p%g is %d, want %d", most, p, got, want)
			}
		}
		micros, counts := h.Cumulative()
		if n := len(counts); counts[n-1] != 5000 || h.Count() != 5000 {
			t.Errorf("values to %d: counts %v of %v end at another number than was recorded", most, counts, micros)
		}
		if !slices.IsSorted(micros) || !slices.IsSorted(counts) {
			t.Errorf("not cumulative: %v %v", micros, counts)
		}
		h.free(a)
		if h.Count() != 0 || h.Percentile(50) != 0 {
			t.Error("something is left after free")
		}
	}
	if used := a.Used(); used != 0 {
		t.Errorf("%d bytes left", used)
	}
}

// TestHistogramBounds pins the bounds of LATENCY HISTOGRAM to those of redis-server.
func TestHistogramBounds(t *testing.T) {
	a := mem.NewArena("histogram")
	defer a.Close()
	var h Histogram
	defer h.free(a)
	for v := int64(1000); v < 100e6; v *= 2 {
		h.record(a, v, 1)
	}
	micros, _ := h.Cumulative()
	want := []int64{1, 2, 4, 8, 16, 33, 66, 132, 264, 528, 1056, 2113, 4227, 8454, 16908, 33816, 67633}
	if !slices.Equal(micros, want) {
		t.Errorf("bounds are %v, want %v", micros, want)
	}
}

// TestHistogramMemory says what a histogram costs: rows of 1 KiB, only where there are values.
func TestHistogramMemory(t *testing.T) {
	a := mem.NewArena("histogram")
	defer a.Close()
	var h Histogram
	defer h.free(a)
	for v := int64(300); v < 40_000; v += 7 {
		h.record(a, v, 1)
	}
	if got := a.Books().Purposes[mem.PurposeLatency].Usable; got != 8*1024 {
		t.Errorf("a histogram of 300 ns to 40 us takes %d bytes", got)
	}
	if n := testing.AllocsPerRun(100, func() { h.record(a, 777, 1) }); n != 0 {
		t.Errorf("recording allocates %v times", n)
	}
}
