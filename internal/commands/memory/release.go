package memory

import (
	"runtime/debug"
	"sync/atomic"
	"time"

	"granary/internal/clock"
	"granary/internal/command"
	"granary/internal/info"
	"granary/internal/mem"
)

// specMemoryRelease is Granary's own.
var specMemoryRelease = &command.Spec{
	Name: "release", Summary: "Give memory back to the system, up to a number of bytes and for a time at most, and report what came back.",
	Since: "7.4.0", Group: command.GroupServer, Arity: 4,
	Complexity: "O(N) where N is the number of keys, in slices between which other clients are served",
	Flags:      command.NoScript | command.Blocking | command.NoMulti,
	Tips:       []string{"nondeterministic_output", "request_policy:all_shards", "response_policy:special"},
	Args: []command.Arg{
		{Name: "bytes", Type: command.ArgInteger},
		{Name: "milliseconds", Type: command.ArgInteger},
	},
	Handler: cmdMemoryRelease,
}

const (
	errReleaseBytes = "ERR bytes must not be negative"
	errReleaseTime  = "ERR milliseconds must be between 1 and 3600000"

	longestRelease = 3_600_000 // ms
)

// The steps of MEMORY RELEASE, cheapest first.
const (
	releasePages    = iota // free pages
	releaseLazyfree        // what was deleted and waits to be freed
	releaseBuffers         // room in buffers of clients that wait for nothing
	releaseRuntime         // the Go heap
	releaseDefrag          // sparse slabs
	releaseRest            // pages that the other steps have freed
	releaseSteps
)

var releaseNames = [releaseRest]string{"pages", "lazyfree", "buffers", "runtime", "defrag"}

// release is MEMORY RELEASE in progress. Each step gives memory back to the page layer, which gives pages back to the
// kernel; what a step is credited with are its own bytes.
type release struct {
	env      *command.Env
	want     int64
	begin    int64 // reading of the clock
	deadline int64
	looked   int64 // reading of the last look at resident memory
	before   int64 // resident bytes at the begin
	after    int64
	step     int
	bytes    [releaseSteps]int64
	ended    string

	clients []*command.Client
	next    int // of clients
	passes  int
	emptied int64 // by compaction, before
	heap    *heapRelease
}

// heapRelease is the runtime at work in a goroutine of its own: it collects first, which takes a few milliseconds.
type heapRelease struct {
	done  atomic.Bool
	bytes atomic.Int64
}

// cmdMemoryRelease answers MEMORY RELEASE bytes milliseconds. The client waits; others are served between the slices.
func cmdMemoryRelease(c *command.Ctx) {
	if t, ok := c.Worked().(*release); ok {
		t.reply(c)
		return
	}
	want, ok := c.Int(c.Args[2])
	if !ok {
		return
	}
	ms, ok := c.Int(c.Args[3])
	if !ok {
		return
	}
	switch {
	case want < 0:
		c.Out.Error(errReleaseBytes)
		return
	case ms < 1 || ms > longestRelease:
		c.Out.Error(errReleaseTime)
		return
	}
	now := clock.Mono()
	t := &release{
		env: c.Env, want: want, begin: now, deadline: now + ms*1e6, before: info.Resident(),
		emptied: c.Keys().Arena.Moves().Emptied,
	}
	if c.Work(t) {
		t.reply(c)
	}
}

const (
	releaseLook = 5e6                    // ns between two looks at resident memory
	purgeTime   = 100 * time.Microsecond // what is left of a slice for giving pages back
)

// Slice does the next piece.
func (t *release) Slice(deadline time.Time) (done bool) {
	for {
		now := clock.Mono()
		if now-t.looked >= releaseLook {
			t.looked = now
			if t.want > 0 && t.before-info.Resident() >= t.want {
				return t.end("enough")
			}
		}
		if now >= t.deadline {
			return t.end("time")
		}
		over, wait := t.work(deadline)
		if over {
			if t.step++; t.step == releaseSteps {
				return t.end("nothing left")
			}
		}
		if wait || time.Now().After(deadline) {
			return false
		}
	}
}

func (t *release) end(why string) bool {
	if t.ended == "" {
		t.ended = why
		t.env.LeaveDefrag()
		t.bytes[releaseDefrag] = t.env.Keys.Arena.Moves().Emptied - t.emptied
		t.after = info.Resident()
	}
	return true
}

// work does a piece of the step that is due. It reports whether the step is over, and whether there is nothing to do for
// now.
func (t *release) work(deadline time.Time) (over, wait bool) {
	ks := t.env.Keys
	switch t.step {
	case releasePages, releaseRest:
		ks.Arena.Trim()
		n, more := mem.PurgeSome()
		t.bytes[t.step] += n
		return !more, false
	case releaseLazyfree:
		used := mem.Used()
		over = ks.Reclaim(deadline)
		t.bytes[t.step] += used - mem.Used()
		return over, false
	case releaseBuffers:
		return t.buffers(), false
	case releaseRuntime:
		if t.heap == nil {
			t.heap = freeHeap()
		}
		t.bytes[t.step] = t.heap.bytes.Load()
		over = t.heap.done.Load()
		return over, !over
	}
	over = t.env.DefragNow(deadline.Add(-purgeTime), &t.passes)
	mem.PurgeSome()
	return over, false
}

// buffers lets a client give back what it does not need now.
func (t *release) buffers() (over bool) {
	if t.clients == nil {
		t.clients = t.env.Clients.Snapshot(nil)
	}
	if t.next >= len(t.clients) {
		return true
	}
	c := t.clients[t.next]
	t.next++
	if c.Conn == nil || t.env.Clients.Find(c.ID) != c {
		return false
	}
	used := mem.Used()
	c.Conn.Borrow(t.env.Loop)
	c.Conn.GiveBack()
	c.Conn.TrimLoop()
	c.Conn.Return(t.env.Loop)
	c.NoteHeld()
	t.bytes[releaseBuffers] += used - mem.Used()
	return false
}

func freeHeap() *heapRelease {
	h := new(heapRelease)
	go func() {
		total := info.ReadProcess().GoTotal
		debug.FreeOSMemory()
		h.bytes.Store(max(total-info.ReadProcess().GoTotal, 0))
		h.done.Store(true)
	}()
	return h
}

func (t *release) reply(c *command.Ctx) {
	t.end("time")
	o := c.Out
	o.Map(6)
	o.BulkString("rss.before")
	o.Int(t.before)
	o.BulkString("rss.after")
	o.Int(t.after)
	o.BulkString("released")
	o.Int(t.before - t.after)
	o.BulkString("steps")
	o.Map(len(releaseNames))
	for i, name := range releaseNames {
		o.BulkString(name)
		o.Int(t.bytes[i])
	}
	o.BulkString("milliseconds")
	o.Int((clock.Mono() - t.begin) / 1e6)
	o.BulkString("ended")
	o.BulkString(t.ended)
}
