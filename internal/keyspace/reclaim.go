package keyspace

import (
	"time"

	"granary/internal/encoding/table"
	"granary/internal/mem"
	"granary/internal/object"
)

// Memory that is no longer reachable is given back in slices: a job knows how to free the next few pieces of what it
// holds. Small jobs run at once, so that used_memory falls before the command answers.

// job is memory to give back.
type job interface {
	// step frees up to n elements and reports whether nothing is left.
	step(ks *Keyspace, n int) bool
	// pending returns the number of objects still held.
	pending() int
}

const (
	reclaimStep = 64                     // elements freed between two looks at the clock
	atOnce      = 200 * time.Microsecond // what a command may spend on giving memory back itself
)

// giveBack starts a job, and leaves what it does not finish soon to the slices.
func (ks *Keyspace) giveBack(j job) {
	begin := time.Now()
	for !j.step(ks, reclaimStep) {
		if time.Since(begin) > atOnce {
			ks.reclaim = append(ks.reclaim, j)
			return
		}
	}
}

// Reclaim gives memory back until the deadline and reports whether nothing is left to do.
func (ks *Keyspace) Reclaim(deadline time.Time) bool {
	for len(ks.reclaim) > 0 {
		j := ks.reclaim[0]
		for !j.step(ks, reclaimStep) {
			if time.Now().After(deadline) {
				return false
			}
		}
		ks.reclaim[0] = nil
		ks.reclaim = ks.reclaim[1:]
	}
	ks.reclaim = nil
	return true
}

// Pending returns the number of objects that wait to be given back.
func (ks *Keyspace) Pending() int {
	n := 0
	for _, j := range ks.reclaim {
		n += j.pending()
	}
	return n
}

// tableJob gives back a whole key table with all entries (FLUSHDB, FLUSHALL).
type tableJob struct{ keys table.Table }

func (j *tableJob) step(ks *Keyspace, n int) bool {
	return j.keys.FreeSlice(n, func(r mem.Ref) {
		ks.release(object.Entry(r))
		ks.Stats.LazyFreed++
	})
}

func (j *tableJob) pending() int { return j.keys.Len() }

// release frees an entry that no table refers to any more.
func (ks *Keyspace) release(e object.Entry) {
	object.FreeString(ks.Arena, e)
}
