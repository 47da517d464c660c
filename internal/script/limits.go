package script

import (
	"errors"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"sync/atomic"
	"time"

	lua "github.com/yuin/gopher-lua"

	"granary/internal/clock"
)

// Limits of scripts.
//
// The interpreter asks its context before every instruction whether it is done. Ours is a context to that purpose only:
//
//	short scripts   count instructions, and look at the clock after every 4
//	after 1 ms      a timer raises a flag every millisecond, and every 4 instructions look at the flag
//	the flag is up  the heap is measured, and the Host is told that the script is late
//
// A script that has to end gets the error at every instruction from then on, so that pcall does not save it: Done raises it,
// and never says that anything is done.
//
// Memory is what the heap of the process has grown by since the script began. Libraries say before they allocate much
// (Budget.Grow), so that no single instruction takes the heap far above its limit.

const (
	maxCalls    = 20000   // nested calls
	maxRegistry = 1 << 20 // values of all functions that are being called
	sourceCost  = 300     // bytes that a byte of source may need while it is compiled

	lookEvery  = 4                // instructions: one may take a tenth of a second (maxIndex)
	shortRun   = time.Millisecond // that a script runs without a timer, and how often the timer is looked at
	maxIndex   = 1 << 22          // indexes above it are not kept in the array of a table
	growUnseen = 1 << 20          // bytes announced by Grow before the heap is measured
)

var errTooLarge = errors.New(errMemory)

func init() {
	// A table whose index is set far beyond its end fills the gap, at once: t[1e8]=1 must not take a gigabyte.
	lua.MaxArrayIndex = maxIndex
}

const errMemory = "not enough memory"

// limits is the context of an interpreter, and the Budget of its libraries.
type limits struct {
	in     *Interp
	memory int64 // bytes that a script may use

	why     string // the error that ends the script, "" while it may go on
	left    int    // instructions until the next look
	began   int64  // reading of the monotonic clock
	idle    int64  // bytes of the heap that are not the script's, 0: not measured yet
	pending int64  // bytes announced since the heap was measured
	timer   *time.Timer
	flag    atomic.Bool // up once a millisecond while the timer runs
	armed   bool
}

// begin is the start of a run.
func (m *limits) begin() {
	m.why, m.left, m.pending = "", lookEvery, 0
	m.began = clock.Mono()
}

// end is the end of a run.
func (m *limits) end() {
	if m.armed {
		m.armed = false
		m.timer.Stop()
		m.flag.Store(false)
		if heapBytes()-m.idle > tidyFrom && tidying.CompareAndSwap(false, true) {
			go tidy()
		}
	}
	m.why, m.idle = "", 0
}

// tidyFrom is the garbage of one script from which on it is collected and given back to the system at once, and not when
// other garbage has piled up.
const tidyFrom = 32 << 20

var tidying atomic.Bool

func tidy() {
	debug.FreeOSMemory()
	tidying.Store(false)
}

// Done is called before every instruction.
func (m *limits) Done() <-chan struct{} {
	if m.left--; m.left < 0 {
		m.look()
	}
	return nil
}

// look is the slow path of Done and Step.
func (m *limits) look() {
	m.left = lookEvery
	switch {
	case m.armed:
		if m.flag.Load() {
			m.late()
		}
	case clock.Mono()-m.began >= int64(shortRun):
		m.arm()
		m.late()
	}
	m.check()
}

// baseline notes what is on the heap that is not the script's. Short scripts get along without it.
func (m *limits) baseline() {
	if m.idle != 0 {
		return
	}
	n := heapBytes()
	if n > tidyFrom {
		runtime.GC() // another script has left garbage
		n = heapBytes()
	}
	m.idle = max(n, 1)
}

// arm starts the timer.
func (m *limits) arm() {
	m.armed = true
	m.baseline()
	if m.timer == nil {
		m.timer = time.AfterFunc(shortRun, func() { m.flag.Store(true) })
		return
	}
	m.timer.Reset(shortRun)
}

// late looks at everything that may end a script.
func (m *limits) late() {
	m.measure(0)
	if m.in.host != nil {
		m.in.enter()
		if why := m.in.host.Late(); why != "" {
			m.why = why
		}
		m.in.away = false
	}
	m.flag.Store(false)
	m.timer.Reset(shortRun)
}

// measure ends the script if the heap has grown too much, or would with n more bytes.
func (m *limits) measure(n int64) {
	m.pending = 0
	m.baseline()
	if heapBytes()-m.idle+n <= m.memory {
		return
	}
	// Part of it may be garbage, also of what was there before.
	runtime.GC()
	used := heapBytes() - m.idle
	if used+n > m.memory {
		m.why = errMemory
	}
}

// Step implements lualib.Budget.
func (m *limits) Step(n int) {
	if m.left -= n; m.left < 0 {
		m.look()
	}
}

// Grow implements lualib.Budget.
func (m *limits) Grow(n int) {
	if m.pending += int64(n); m.pending >= growUnseen {
		m.measure(int64(n))
		m.check()
	}
}

// note is Grow where no error can be raised: the script begins, and ends with its first instruction.
func (m *limits) note(n int) {
	if m.pending += int64(n); m.pending >= growUnseen {
		m.measure(int64(n))
	}
	if m.why != "" {
		m.left = 0
	}
}

// check raises the error that ends the script.
func (m *limits) check() {
	if m.why == "" {
		return
	}
	m.left = 0 // look again at the next instruction
	if L := m.in.state.G.CurrentThread; L != nil {
		L.Error(m.in.newError("ERR "+m.why, false), 0)
	}
}

// Err implements context.Context.
func (m *limits) Err() error { return nil }

// Growth returns what the script that is running has added to the heap, as far as that is known.
func (in *Interp) Growth() int64 {
	if !in.limits.armed {
		return 0
	}
	return max(heapBytes()-in.limits.idle, 0)
}

// Deadline implements context.Context.
func (m *limits) Deadline() (time.Time, bool) { return time.Time{}, false }

// Value implements context.Context.
func (m *limits) Value(any) any { return nil }

// heapBytes returns the bytes of all objects of the heap, garbage included.
func heapBytes() int64 {
	sample := [1]metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	metrics.Read(sample[:])
	return int64(sample[0].Value.Uint64())
}
