package command

import (
	"time"

	"granary/internal/clock"
	"granary/internal/dead"
	"granary/internal/mem"
)

// Dead memory: what lies beside the databases (package dead finds what is in them), and the pass in the background
// (memory-reclaim-dead). A pass is a walk that may free what it finds of the kinds that the directive names, in slices of
// half a millisecond, ten times as far apart, one pass a minute.

const (
	deadSlice = 500 * time.Microsecond
	deadPause = 5 // ms from one slice of a pass to the next

	// clientSilent is how long a client has to be silent, in ms, for the room in its buffers to be called dead.
	clientSilent = 1000
)

// beside is what lies beside the databases, as dead.Outside.
type beside struct {
	env    *Env
	passes int // of compaction
}

// NewDeadWalk begins a walk that looks for dead memory and frees what the job names.
func (e *Env) NewDeadWalk(job dead.Job) *dead.Walk {
	return dead.NewWalk(e.Keys, e.Config, &beside{env: e}, &e.Dead, job)
}

// Clients implements dead.Outside.
func (b *beside) Clients(after int64, job dead.Job) (id int64, found, freed dead.Amount) {
	e := b.env
	c := e.Clients.After(after)
	if c == nil {
		return 0, found, freed
	}
	if c.Conn == nil || e.Keys.Now-c.LastActive < max(job.Idle*1000, clientSilent) {
		return c.ID, found, freed
	}
	c.Conn.Borrow(e.Loop)
	if n := int64(c.Conn.Spare()); n > 0 {
		found = dead.Amount{Bytes: n, Count: 1}
		if job.Free.Has(dead.Clients) {
			c.Conn.GiveBack()
			freed = dead.Amount{Bytes: n - int64(c.Conn.Spare()), Count: 1}
		}
	}
	c.Conn.Return(e.Loop)
	if freed.Bytes != 0 {
		c.NoteHeld()
	}
	return c.ID, found, freed
}

// Tracking implements dead.Outside.
func (b *beside) Tracking(cursor uint64, free bool) (next uint64, found, freed dead.Amount) {
	keys := b.env.track.keys
	if keys == nil {
		return 0, found, freed
	}
	next, d := keys.Sweep(cursor, free, func(id int64) bool {
		c := b.env.Clients.Find(id)
		return c != nil && c.track != nil
	})
	found = dead.Amount{Bytes: d.Bytes, Count: d.Items}
	if free {
		freed = dead.Amount{Bytes: d.Freed, Count: d.Items}
	}
	return next, found, freed
}

// Scripts implements dead.Outside.
func (b *beside) Scripts(job dead.Job) (found, freed dead.Amount) {
	e := b.env
	if e.Scripts == nil {
		return found, freed
	}
	free := job.Free.Has(dead.Scripts)
	found.Count, found.Bytes = e.Scripts.Unused(e.Keys.Now-max(job.Idle, scriptIdle)*1000, free)
	if free {
		freed = found
	}
	return found, freed
}

// scriptIdle is after how many seconds without use a script is called dead.
const scriptIdle = 60

// FreeLive implements dead.Outside.
func (b *beside) FreeLive(k dead.Kind, deadline time.Time) (freed dead.Amount, done bool) {
	e := b.env
	switch k {
	case dead.Lazyfree:
		used, n := mem.Used(), e.Keys.Pending()
		done = e.Keys.Reclaim(deadline)
		return dead.Amount{Bytes: used - mem.Used(), Count: int64(n - e.Keys.Pending())}, done
	case dead.Pages:
		e.Keys.Arena.Trim()
		n, more := mem.PurgeSome()
		return dead.Amount{Bytes: n, Count: n / pageBytes}, !more
	case dead.Slabs:
		emptied := e.Keys.Arena.Moves().Emptied
		done = e.DefragNow(deadline, &b.passes)
		if done {
			e.LeaveDefrag()
		}
		return dead.Amount{Bytes: e.Keys.Arena.Moves().Emptied - emptied}, done
	}
	return freed, true
}

const pageBytes = 4096

// DeadLive returns what is known of a kind without a walk; ok is false for the other kinds. Of expired keys it is known
// unless there are very many.
func (e *Env) DeadLive(k dead.Kind) (a dead.Amount, ok bool) {
	switch k {
	case dead.Expired:
		a.Count, a.Bytes, ok = e.Keys.CountDue(expiredLive)
		return a, ok
	case dead.Lazyfree:
		return dead.Amount{Bytes: e.Keys.PendingBytes(), Count: int64(e.Keys.Pending())}, true
	case dead.Pages:
		n := mem.ReadStats().Dirty
		return dead.Amount{Bytes: n, Count: n / pageBytes}, true
	case dead.Slabs:
		a.Bytes, a.Count = e.Keys.Arena.Reclaimable(), e.Keys.Arena.ReclaimableSlabs()
		return a, true
	}
	return a, false
}

// expiredLive is how many expired keys are counted on demand.
const expiredLive = 2000

// deadPass is the pace of passes.
type deadPass struct {
	next    int64 // reading of the clock before which no slice is run
	resting int64 // reading before which no pass begins

	always int        // steps before every command (DEBUG DEAD)
	walk   *dead.Walk // that takes them
}

// DeadAlways has n steps of a walk that frees what nobody can see run before every command, for tests; 0 ends that.
func (e *Env) DeadAlways(n int) {
	e.deadPass.always, e.deadPass.walk = n, nil
	e.gateAlways()
}

func (e *Env) deadAlways() {
	p := &e.deadPass
	for range p.always {
		if p.walk == nil {
			p.walk = e.NewDeadWalk(dead.Job{})
		}
		p.walk.Job.Free = e.deadJob().Free & dead.Unseen()
		if p.walk.Slice(time.Time{}) {
			e.Dead.Note(p.walk)
			p.walk = nil
		}
	}
}

// deadJob is what a pass may free now.
func (e *Env) deadJob() dead.Job {
	free := dead.Set(e.Config.MemoryReclaimDeadKinds)
	if !e.Keys.ActiveExpire {
		free &^= dead.Of(dead.Expired) | dead.Of(dead.Fields)
	}
	return dead.Job{Free: free, Idle: e.Config.MemoryReclaimDeadIdle, Least: int(e.Config.MemoryReclaimDeadPercent)}
}

// DeadTick runs a slice of a pass if it is time, and returns in how many ms it wants to be called again, 0 when it does
// not matter.
// REQUIRES: the keyspace lock.
func (e *Env) DeadTick() (again int64) {
	if !e.Config.MemoryReclaimDead {
		e.Dead.Pass, e.deadPass.next, e.deadPass.resting = nil, 0, 0
		return 0
	}
	if e.CronPaused || e.Gate&GateBusy != 0 {
		return 0
	}
	p, now := &e.deadPass, clock.Mono()
	if now < p.next {
		return max(millisUp(p.next-now), 1)
	}
	if e.Dead.Pass == nil {
		if now < p.resting {
			return 0
		}
		e.Dead.Pass = e.NewDeadWalk(dead.Job{})
	}
	p.next = now + deadPause*1e6
	e.Dead.Pass.Job = e.deadJob()
	w := e.Dead.Pass
	done := w.Slice(time.Now().Add(deadSlice))
	e.NoteLatency("memory-reclaim-dead", clock.Mono()-now)
	if done {
		e.Dead.Note(w)
		e.Dead.Pass = nil
		p.resting = clock.Mono() + e.Config.MemoryReclaimDeadInterval*1e9
	}
	return deadPause
}
