package server

import (
	"runtime/debug"
	"runtime/metrics"
	"sync/atomic"

	"granary/internal/mem"
)

// The Go heap collects when it has grown by half, and gives pages back a few at a time. What was on it for a moment, the
// sessions of clients that are gone or a command of hundreds of megabytes that somebody was shown, would stay resident for
// minutes, because a server at rest allocates nothing. So it is looked at once a second, and collected and given back when
// much of it is no longer needed:
//
//   - what is booked there (sessions, the rows of reply lists, scripts) has become less by heapGone since the last time, or
//   - it is larger by heapSlack, and twice as large, as it was behind the last collection.
const (
	heapLook  = 1000 // ms
	heapPause = 3000 // ms between two collections
	heapGone  = 4 << 20
	heapSlack = 16 << 20
)

// goHeap is what is known of the heap. But for floor and busy guarded by the keyspace lock.
type goHeap struct {
	next   int64 // ms, when it is looked at
	booked int64 // most that was booked on it since the last collection
	sample []metrics.Sample
	floor  atomic.Int64 // its size behind the last collection
	busy   atomic.Bool  // a collection is under way
}

func newHeapSample() []metrics.Sample {
	return []metrics.Sample{
		{Name: "/memory/classes/heap/objects:bytes"},
		{Name: "/memory/classes/heap/unused:bytes"},
		{Name: "/memory/classes/heap/free:bytes"},
	}
}

// heapSize returns the bytes of the heap that are resident.
func heapSize(s []metrics.Sample) (n int64) {
	metrics.Read(s)
	for i := range s {
		n += int64(s[i].Value.Uint64())
	}
	return n
}

// tendHeap looks at the heap if it is time. REQUIRES: the keyspace lock.
func (s *Server) tendHeap(now int64) {
	h := &s.heap
	if now < h.next && h.next-now <= heapPause || h.busy.Load() {
		return
	}
	h.next = now + heapLook
	if h.sample == nil {
		h.sample = newHeapSample()
	}
	booked := mem.OutsideTotal()
	h.booked = max(h.booked, booked)
	floor := h.floor.Load()
	if h.booked-booked < heapGone && heapSize(h.sample) < floor+max(heapSlack, floor) {
		return
	}
	h.booked = booked
	h.next = now + heapPause
	h.busy.Store(true)
	go func() {
		debug.FreeOSMemory()
		h.floor.Store(heapSize(newHeapSample()))
		h.busy.Store(false)
	}()
}
