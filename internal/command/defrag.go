package command

import (
	"time"

	"granary/internal/clock"
)

// When the data is compacted, and how fast. What compaction does is package keyspace's business (defrag.go); here are the
// directives (active-defrag-*) and the pace:
//
//	look    ten times a second: the bytes that emptying sparse slabs would free. A run begins when they are
//	        active-defrag-ignore-bytes or more, and active-defrag-threshold-lower per cent of what is in use
//	run     passes over the data, in slices of active-defrag-cycle-us, so far apart that they take a share of the time
//	        between active-defrag-cycle-min and -max, the more the more is to be gained
//	end     when a pass has left little to gain, or has gained much less than it had promised
//
// A run ends by what was measured, not by a ratio that it may never reach: regions that nobody may move pin their slabs. What
// is left at the end is the floor: the next run begins when so much more is to be gained. The floor is forgotten
// after a while, since what pins may have gone.
type defrag struct {
	percent int64 // of the time, while a run is under way; 0: none is
	began   int64 // reading of the clock at which the run began
	spent   int64 // ns that runs lasted that have ended
	looked  int64 // reading of the last look
	next    int64 // reading before which no slice is run
	floor   int64 // bytes that the last run has left
	ended   int64 // reading at which it ended
	passes  int   // of this run
	emptied int64 // Moves.Emptied when the pass began
	longest int64 // ns of the longest slice
	always  int   // units before every command, whether they help or not (DEBUG DEFRAG)
}

const (
	defragLook   = 100e6   // ns between two looks
	defragForget = 600e9   // ns after which the floor is forgotten
	defragPasses = 8       // most passes of a run
	defragLittle = 1 << 20 // bytes that are not worth another pass, whatever share they are
	defragShare  = 1000    // a pass is not worth while for less than this part of what is in use
	defragUnitUs = 100     // microseconds that the last unit of a slice may take beyond the deadline
)

// DefragReport is what INFO tells of compaction.
type DefragReport struct {
	Running      int64 // per cent of the time
	Hits, Misses int64 // regions that moved, and that stayed
	KeyHits      int64
	KeyMisses    int64
	Total        int64 // ms that runs lasted
	Current      int64 // ms that the run under way lasts
	Reclaimable  int64 // bytes that compaction would free if everything could move
	Emptied      int64 // bytes that compaction has freed
	Longest      int64 // ns of the longest slice
	Passes       int64
	Units        int64
}

// DefragReport returns what compaction has done since the start or CONFIG RESETSTAT.
func (e *Env) DefragReport() DefragReport {
	d, k, m := &e.defrag, &e.Keys.Defrag.Stats, e.Keys.Arena.Moves()
	r := DefragReport{
		Running: d.percent, Hits: m.Moved, Misses: m.Kept, KeyHits: k.KeyHits, KeyMisses: k.KeyMisses, Total: d.spent / 1e6,
		Reclaimable: e.Keys.Arena.Reclaimable(), Emptied: m.Emptied, Longest: d.longest, Passes: k.Passes, Units: k.Units,
	}
	if d.percent > 0 {
		r.Current = (clock.Mono() - d.began) / 1e6
		r.Total += r.Current
	}
	return r
}

// ResetDefrag is CONFIG RESETSTAT.
func (e *Env) ResetDefrag() {
	e.Keys.Arena.ResetMoves()
	s := &e.Keys.Defrag.Stats
	s.KeyHits, s.KeyMisses = 0, 0
	e.defrag.longest, e.defrag.spent = 0, 0
	if e.defrag.percent > 0 {
		e.defrag.began = clock.Mono()
	}
}

// DefragTick runs a slice if it is time, and returns in how many ms it wants to be called again, 0 when it does not matter.
// REQUIRES: the keyspace lock.
func (e *Env) DefragTick() (again int64) {
	d := &e.defrag
	if e.CronPaused || e.Gate&GateBusy != 0 {
		return 0
	}
	if !e.Config.ActiveDefrag {
		if d.percent > 0 {
			e.Keys.StopDefrag()
			e.endDefrag(0)
		}
		d.floor = 0
		return 0
	}
	now := clock.Mono()
	if now-d.looked >= defragLook {
		d.looked = now
		e.lookAtFragmentation(now)
	}
	if d.percent == 0 || e.Keys.Pending() > 0 { // what is being given back need not be moved before
		return 0
	}
	if now >= d.next {
		d.next = now + e.defragSlice(now)
	}
	return max(millisUp(d.next-now), 1)
}

// lookAtFragmentation begins a run if there is enough to gain, and sets the pace of one that is under way.
func (e *Env) lookAtFragmentation(now int64) {
	d, cfg := &e.defrag, e.Config
	arena := e.Keys.Arena
	gain := arena.Reclaimable()
	if now-d.ended > defragForget {
		d.floor = 0
	}
	d.floor = min(d.floor, gain)
	share := 100 * (gain - d.floor) / max(arena.Used(), 1)
	low, high := cfg.ActiveDefragCycleMin, max(cfg.ActiveDefragCycleMax, cfg.ActiveDefragCycleMin)
	pace := low
	if from, to := cfg.ActiveDefragThresholdLower, cfg.ActiveDefragThresholdUpper; share >= to {
		pace = high
	} else if share > from {
		pace = low + (high-low)*(share-from)/(to-from)
	}
	if d.percent > 0 { // it gets no slower while less is left, but for the directives
		d.percent = min(max(d.percent, pace), high)
		return
	}
	if gain-d.floor < cfg.ActiveDefragIgnoreBytes || share < cfg.ActiveDefragThresholdLower || e.Keys.Pending() > 0 {
		return
	}
	d.percent, d.began, d.passes, d.next = pace, now, 0, 0
	e.beginPass()
	e.Log.Verbosef("Starting active defrag, %d bytes to gain, cpu=%d%%", gain, pace)
}

func (e *Env) beginPass() {
	e.Keys.BeginDefrag()
	e.defrag.passes++
	e.defrag.emptied = e.Keys.Arena.Moves().Emptied
}

// defragSlice runs a slice and returns how many ns after its begin the next is due.
func (e *Env) defragSlice(begin int64) (pause int64) {
	d := &e.defrag
	us := e.Config.ActiveDefragCycleUs
	if us >= 2*defragUnitUs {
		us -= defragUnitUs
	}
	done := e.Keys.DefragSlice(time.Now().Add(time.Duration(us) * time.Microsecond))
	ns := clock.Mono() - begin
	d.longest = max(d.longest, ns)
	e.NoteLatency("active-defrag-cycle", ns)
	pause = ns * 100 / d.percent
	if done && !e.worthAnotherPass() {
		e.endDefrag(e.Keys.Arena.Reclaimable())
	} else if done {
		e.beginPass()
	}
	return pause
}

// worthAnotherPass tells whether there is more to gain than a little, after a pass that has gained some of what it
// promised.
func (e *Env) worthAnotherPass() bool {
	d, arena := &e.defrag, e.Keys.Arena
	gained := arena.Moves().Emptied - d.emptied
	return d.passes < defragPasses && gained >= e.Keys.Defrag.Promised/8 &&
		arena.Reclaimable() >= max(defragLittle, arena.Used()/defragShare)
}

// endDefrag ends a run that has left so many bytes.
func (e *Env) endDefrag(left int64) {
	d := &e.defrag
	now := clock.Mono()
	e.Log.Verbosef("Active defrag done in %dms, %d passes, %d bytes left", (now-d.began)/1e6, d.passes, left)
	d.spent += now - d.began
	d.percent, d.ended, d.floor = 0, now, left
	e.Keys.Arena.Trim()
}

// DefragNow goes on with compaction until the deadline for somebody who wants memory now, whatever the directives say, and
// reports whether there is nothing more to gain. passes is the caller's, 0 at first.
func (e *Env) DefragNow(deadline time.Time, passes *int) (done bool) {
	d := &e.defrag
	if *passes == 0 && d.percent == 0 {
		d.passes = 0
	}
	if !e.Keys.Defragmenting() {
		if *passes >= defragPasses || *passes > 0 && !e.worthAnotherPass() {
			return true
		}
		e.beginPass()
		*passes++
	}
	if !e.Keys.DefragSlice(deadline) || d.percent > 0 || e.worthAnotherPass() {
		return false
	}
	d.floor, d.ended = e.Keys.Arena.Reclaimable(), clock.Mono()
	return true
}

// LeaveDefrag ends what DefragNow has begun and not finished.
func (e *Env) LeaveDefrag() {
	if e.defrag.percent == 0 {
		e.Keys.StopDefrag()
	}
}

// DefragAlways has n units of compaction run before every command, which move everything, for tests; 0 ends that.
func (e *Env) DefragAlways(n int) {
	e.defrag.always = n
	e.gateAlways()
}

// gateAlways closes the gate of what is done before every command.
func (e *Env) gateAlways() {
	e.Gate &^= GateDefrag
	if e.defrag.always > 0 || e.deadPass.always > 0 {
		e.Gate |= GateDefrag
	}
}

// defragAlways is what GateDefrag does. In the midst of a script that takes long nothing moves.
func (e *Env) defragAlways() {
	if e.Gate&GateBusy == 0 {
		e.Keys.DefragUnits(e.defrag.always, true)
		e.deadAlways()
	}
}
