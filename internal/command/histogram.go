package command

import (
	"encoding/binary"
	"math/bits"

	"granary/internal/mem"
)

// Histogram counts durations with a precision of two digits, from 1 ns to 1 s (longer ones count as 1 s).
//
// It has the buckets of an HdrHistogram with two significant digits, which is what Redis keeps, so percentiles come
// out the same. Such a histogram is one array of 24 KiB for every command that was ever called; this one is made of
// rows, one for each doubling, that exist only where something was counted. A command that takes 300 ns to 40 us has
// seven rows of 1 KiB. They lie in our memory and are booked (latency).
//
//	row 0      values 0..127      each its own bucket
//	row 1      values 128..255    each its own bucket
//	row k      values 128<<(k-1) .. 256<<(k-1) - 1   in 128 buckets 1<<(k-1) wide
//
// A row (PurposeLatency): 128 counters of 64 bits, little endian.
type Histogram struct {
	rows  [histRows]mem.Ref
	count int64
}

const (
	histSub      = 128 // buckets in a row
	histRows     = 24  // 128<<22 .. 256<<22 holds 1e9
	histRowBytes = 8 * histSub
	histMax      = 1e9
)

// bucket returns where a value is counted.
func bucket(v int64) (row, sub int) {
	if v < histSub {
		return 0, int(v)
	}
	row = bits.Len64(uint64(v)) - 7
	return row, int(v>>(row-1)) - histSub
}

// record counts a value n times. Hot path.
func (h *Histogram) record(a *mem.Arena, v, n int64) {
	v = min(max(v, 1), histMax)
	row, sub := bucket(v)
	r := h.rows[row]
	if r == 0 {
		// A command that has run is not undone for want of a place to count it.
		if r = tryAllocZero(a, histRowBytes, mem.PurposeLatency); r == 0 {
			return
		}
		h.rows[row] = r
	}
	b := mem.Bytes(r, histRowBytes)[8*sub:]
	binary.LittleEndian.PutUint64(b, binary.LittleEndian.Uint64(b)+uint64(n))
	h.count += n
}

// tryAllocZero is AllocZero that returns 0 when memory is out, for what the server notes on its own account.
func tryAllocZero(a *mem.Arena, n int, p mem.Purpose) (r mem.Ref) {
	defer func() {
		if e := recover(); e != nil && e != mem.ErrOutOfMemory {
			panic(e)
		}
	}()
	return a.AllocZero(n, p)
}

// free gives the rows back and forgets all counts.
func (h *Histogram) free(a *mem.Arena) {
	for i, r := range h.rows {
		if r != 0 {
			a.Free(r, histRowBytes, mem.PurposeLatency)
			h.rows[i] = 0
		}
	}
	h.count = 0
}

// Count returns the number of values counted.
func (h *Histogram) Count() int64 { return h.count }

// each calls fn for every bucket that is not empty, in order, with the largest value it stands for.
func (h *Histogram) each(fn func(highest, count int64) bool) {
	for row, r := range h.rows {
		if r == 0 {
			continue
		}
		b := mem.Bytes(r, histRowBytes)
		for sub := range histSub {
			n := int64(binary.LittleEndian.Uint64(b[8*sub:]))
			if n == 0 {
				continue
			}
			highest := int64(sub)
			if row > 0 {
				highest = int64(histSub+sub+1)<<(row-1) - 1
			}
			if !fn(highest, n) {
				return
			}
		}
	}
}

// Percentile returns the value in nanoseconds that p per cent of all values do not exceed.
func (h *Histogram) Percentile(p float64) int64 {
	want := max(1, int64(min(p, 100)/100*float64(h.count)+0.5))
	value, seen := int64(0), int64(0)
	h.each(func(highest, n int64) bool {
		seen += n
		value = highest
		return seen < want
	})
	return value
}

// Cumulative returns how many values lie at or below each bound of 1.024 us, 2.048 us and so on (to the end of the bucket
// that the bound is in): bounds in whole microseconds, and only those at which the count grows (LATENCY HISTOGRAM).
func (h *Histogram) Cumulative() (micros, counts []int64) {
	bound, seen, told := int64(1024), int64(0), int64(0)
	end := func() int64 { return bound + bound/histSub - 1 }
	tell := func() {
		if seen > told {
			micros, counts = append(micros, end()/1000), append(counts, seen)
			told = seen
		}
	}
	h.each(func(highest, n int64) bool {
		for highest > end() {
			tell()
			bound *= 2
		}
		seen += n
		return true
	})
	tell()
	return micros, counts
}
