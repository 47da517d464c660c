package command

import (
	"math"

	"granary/internal/clock"
	"granary/internal/config"
	"granary/internal/keyspace"
	"granary/internal/mem"
)

// maxmemory: when used_memory is above it, keys are evicted, and if that does not help, commands that need memory are
// refused. (maxmemory-clients is another matter: clientlimit.go.)
//
//  1. Before a command runs, one comparison says whether memory is above a limit (overLimit). The books are exact at every
//     instant, so nothing is estimated.
//  2. If it is, admit makes room (makeRoom): memory that waits to be given back comes first, then keys, one after the other
//     (keyspace.EvictOne), until memory is below the limit, for as long as maxmemory-eviction-tenacity allows.
//  3. If time is up before, the command runs all the same, and the loops go on in slices (EvictSlice).
//  4. If there is nothing to evict, commands with the flag denyoom are refused, and scripts that do not say otherwise.
//
// What a large key leaves to the slices of reclaim.go is given back before the next key goes; so not one key too many does.
// What clients are told of keys that go (invalidations, effects) may need memory, which does not count until the
// next command: a slice aims at what was too much when it began.
//
// Budgets. With maxmemory-data, keys go when what they take is above that, and for nothing else: buffers and scripts have
// limits of their own, and evict nothing. maxmemory is then the ceiling at which writes are refused. Replica and AOF
// buffers count in neither.
//
// Cost: with a limit, two or three loads for each arena and a comparison per command (mem.Used); a microsecond per
// millisecond to see what of it counts (look).

// memoryLimit is the state of the limits. Guarded by the keyspace lock.
type memoryLimit struct {
	on    bool  // there is one
	total int64 // maxmemory, MaxInt64: none
	data  int64 // maxmemory-data, MaxInt64: none

	looked    int64 // monotonic reading at which the next two were read
	uncounted int64 // bytes of used_memory that do not count against maxmemory
	others    int64 // bytes of the keyspace's arena that are no data

	cause   *Spec // the command that is about to run, for the journal
	slice   int64 // nanoseconds that one attempt may take
	short   bool  // the last attempt failed: nothing is left to evict
	running bool  // slices go on

	over     int64 // monotonic reading since when memory has been above the limit, 0: it is not
	exceeded int64 // nanoseconds for which it was, before
}

// noLimit is a limit that is not there.
const noLimit = math.MaxInt64

// lookEvery is how often the parts of used_memory that count otherwise are read, in ns.
const lookEvery = 1e6

var (
	uncountedSet = mem.SetOf(mem.PurposeReplicaBuffer, mem.PurposeAOFBuffer)
	dataSet      = mem.KeyspaceSet()
)

// ConfigureMaxMemory takes over the directives, and has keys evicted soon if memory is above a limit.
func (e *Env) ConfigureMaxMemory() {
	cfg, m := e.Config, &e.limit
	e.Keys.ConfigureEviction(policyOf(cfg.MaxMemoryPolicy), cfg.MaxMemorySamples)
	m.total, m.data = noLimit, noLimit
	if cfg.MaxMemory > 0 {
		m.total = cfg.MaxMemory
	}
	if n := cfg.MaxMemoryDataBytes(); n > 0 {
		m.data = n
	}
	m.on = m.total != noLimit || m.data != noLimit
	m.slice = sliceOf(cfg.MaxMemoryEvictionTenacity)
	m.short, m.running = false, false
	m.uncounted, m.others = 0, 0
	if !m.on {
		e.notExceeded()
		return
	}
	e.look()
	if e.overLimit() {
		e.evictSoon()
	}
}

// policyOf returns what the policy means for the keyspace.
func policyOf(p config.MaxMemoryPolicy) keyspace.Policy {
	rule := keyspace.NoEviction
	switch {
	case p.LRU():
		rule = keyspace.ByRecency
	case p.LFU():
		rule = keyspace.ByFrequency
	case p == config.AllKeysRandom || p == config.VolatileRandom:
		rule = keyspace.ByChance
	case p == config.VolatileTTL:
		rule = keyspace.ByTTL
	}
	return keyspace.Policy{Rule: rule, Volatile: p.VolatileOnly()}
}

// sliceOf returns the nanoseconds of one attempt for a tenacity: up to 500 us in equal steps to 10, then 15% more with each
// step, and at 100 without end.
func sliceOf(tenacity int64) int64 {
	switch {
	case tenacity <= 10:
		return 50_000 * tenacity
	case tenacity < 100:
		return int64(500_000 * math.Pow(1.15, float64(tenacity-10)))
	}
	return noLimit
}

// look reads what of used_memory counts otherwise.
func (e *Env) look() {
	m := &e.limit
	m.looked = e.mono
	m.uncounted = mem.UsedFor(uncountedSet)
	if m.data != noLimit {
		m.others = e.Keys.Arena.Used() - mem.UsedFor(dataSet)
	}
}

// overLimit reports whether memory is above a limit. REQUIRES: there is one.
func (e *Env) overLimit() bool {
	m := &e.limit
	if e.mono-m.looked > lookEvery {
		e.look()
	}
	if mem.Used()-m.uncounted > m.total || e.Keys.Arena.Used()-m.others > m.data {
		return true
	}
	m.short = false
	return false
}

// excess returns the bytes that have to be evicted, and whether writes have to be refused whatever is.
func (e *Env) excess() (evict int64, refuse bool) {
	m := &e.limit
	if m.data != noLimit {
		e.look() // what is no data may have come and gone
	}
	over := mem.Used() - m.uncounted - m.total
	if m.data == noLimit {
		return over, false
	}
	return e.Keys.Arena.Used() - m.others - m.data, over > 0
}

// OverMaxMemory reports whether memory was above the limit, with nothing left to evict, when the command that the client
// sent began. Scripts ask.
func (e *Env) OverMaxMemory() bool { return e.limit.on && e.limit.short && e.overLimit() }

// noRoom reports whether memory is above a limit and stays there, so that commands that need some are refused.
func (e *Env) noRoom() bool { return e.limit.on && e.overLimit() && !e.makeRoom() }

// mayEvict tells whether it is for this server and for this moment to evict.
func (e *Env) mayEvict() bool {
	return e.Gate&(GateLoading|GateBusy|GatePaused) == 0 && !(e.Replica && e.Config.ReplicaIgnoreMaxMemory)
}

// makeRoom evicts keys for as long as one attempt may take. It reports false if that was not enough because nothing is left
// to evict.
func (e *Env) makeRoom() bool {
	m := &e.limit
	m.short, m.running = false, false
	if !e.mayEvict() {
		return true
	}
	bytes, refuse := e.excess()
	result := evictDone
	if bytes > 0 {
		result = e.evict(bytes)
	}
	m.short = result == evictFailed || refuse
	if result == evictRunning {
		e.evictSoon()
	}
	if m.short || m.running {
		if m.over == 0 {
			m.over = clock.Mono()
		}
	} else {
		e.notExceeded()
	}
	return !m.short
}

// The results of evict.
type evictResult uint8

const (
	evictDone    evictResult = iota // as much as was asked for
	evictRunning                    // time is up
	evictFailed                     // no key may go any more
)

// evictCheck is how many keys go between two looks at the clock.
const evictCheck = 16

// evict gives back so many bytes.
func (e *Env) evict(want int64) (result evictResult) {
	ks := e.Keys
	timed := e.Stats.latency != noLimit
	begin := int64(0) // the clock is looked at when that is needed: mostly one key goes
	if timed {
		begin = clock.Mono()
	}
	for n := 1; want > 0; n++ {
		freed := ks.ReclaimSome()
		large := freed > 0
		if !large {
			var ok bool
			if freed, ok = e.evictOne(); !ok {
				result = evictFailed
				break
			}
		}
		want -= freed
		if want > 0 && (large || n%evictCheck == 0) {
			now := clock.Mono()
			if begin == 0 {
				begin = now
			}
			if now-begin >= e.limit.slice {
				result = evictRunning
				break
			}
		}
	}
	if result == evictRunning && ks.EvictionPolicy().Rule == keyspace.NoEviction {
		result = evictFailed // what is given back is none of ours
	}
	if timed {
		e.NoteLatency("eviction-cycle", clock.Mono()-begin)
	}
	e.ChargeWork("evict")
	return result
}

// evictOne evicts a key.
func (e *Env) evictOne() (freed int64, ok bool) {
	if e.Stats.latency == noLimit {
		return e.Keys.EvictOne()
	}
	begin := clock.Mono()
	freed, ok = e.Keys.EvictOne()
	if ok {
		e.NoteLatency("eviction-del", clock.Mono()-begin)
	}
	return freed, ok
}

// evictSoon has the loops go on evicting.
func (e *Env) evictSoon() {
	e.limit.running = true
	if l := e.Loop; l != nil {
		l.TickBy(l.Now())
	}
}

// EvictSlice goes on evicting, if that is to be, and reports whether there is more to do. REQUIRES: no command is running.
func (e *Env) EvictSlice() (more bool) {
	if m := &e.limit; m.running {
		m.running = false
		if e.overLimit() {
			e.makeRoom()
		} else {
			e.notExceeded()
		}
	}
	return e.limit.running
}

// notExceeded ends the time for which memory was above the limit.
func (e *Env) notExceeded() {
	if m := &e.limit; m.over != 0 {
		m.exceeded += clock.Mono() - m.over
		m.over = 0
	}
}

// Exceeded returns the nanoseconds for which memory has been above the limit, in all, and now without a break.
func (e *Env) Exceeded() (total, now int64) {
	if m := &e.limit; m.over != 0 {
		now = clock.Mono() - m.over
	}
	return e.limit.exceeded + now, now
}

// ResetExceeded begins to count anew (CONFIG RESETSTAT).
func (e *Env) ResetExceeded() { e.limit.exceeded, e.limit.over = 0, 0 }

// Headroom is how many bytes there are until something happens: -1 without a limit, 0 when it happens now.
type Headroom struct {
	MaxMemory int64 // until used_memory reaches maxmemory
	Data      int64 // until data reaches maxmemory-data
	Eviction  int64 // until keys are evicted, or writes refused if no key may go
	DataUsed  int64 // what data takes
}

// ReadHeadroom looks at how near the limits are.
func (e *Env) ReadHeadroom() Headroom {
	m := &e.limit
	h := Headroom{MaxMemory: -1, Data: -1, Eviction: -1, DataUsed: mem.UsedFor(dataSet)}
	if cfg := e.Config; cfg.MaxMemory > 0 {
		h.MaxMemory = max(0, m.total-(mem.Used()-mem.UsedFor(uncountedSet)))
		h.Eviction = h.MaxMemory
	}
	if m.on && m.data != noLimit {
		h.Data = max(0, m.data-h.DataUsed)
		h.Eviction = h.Data
		if h.MaxMemory >= 0 && e.Keys.EvictionPolicy().Rule == keyspace.NoEviction {
			h.Eviction = min(h.Data, h.MaxMemory)
		}
	}
	return h
}

// keyEvicted is the hook for keys that were evicted.
func (e *Env) keyEvicted(db int, key []byte) {
	name := wordDel
	if e.Config.LazyfreeLazyEviction {
		name = wordUnlink
	}
	e.effect(db, [][]byte{name, key}, ToAll)
}

// MaxMemory returns the maxmemory in force, 0: none.
func (e *Env) MaxMemory() int64 {
	if e.limit.total == noLimit {
		return 0
	}
	return e.limit.total
}
