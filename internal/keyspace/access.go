package keyspace

import (
	"math/rand/v2"

	"granary/internal/object"
)

const (
	clockMask = 1<<24 - 1
	lfuInit   = 5 // counter of a new key, so that it is not evicted at once
	lfuMax    = 255
)

// Access is how an entry's 24 bits of access clock are kept: as seconds of the last access (LRU), or as the minute of the
// last decrement and a logarithmic counter (LFU), as maxmemory-policy asks.
//
//	LRU   | seconds:24            |   wraps around after 194 days
//	LFU   | minutes:16 | counter:8 |  wraps around after 45 days
//
// When the policy changes, entries keep what the old one wrote, until they are accessed; so does Redis.
type Access struct {
	LFU          bool
	LogFactor    int // lfu-log-factor
	DecayMinutes int // lfu-decay-time

	now uint32 // seconds, or minutes under LFU
}

// SetNow moves the clock to a Unix time in ms.
func (a *Access) SetNow(ms int64) {
	if a.LFU {
		a.now = uint32(ms/60000) & 0xffff
	} else {
		a.now = uint32(ms/1000) & clockMask
	}
}

// Initial returns the access bits of a new entry.
func (a *Access) Initial() uint32 {
	if a.LFU {
		return a.now<<8 | lfuInit
	}
	return a.now
}

// Touch marks an access to the entry.
func (a *Access) Touch(e object.Entry) {
	if !a.LFU {
		e.SetLRU(a.now)
		return
	}
	e.SetLRU(a.now<<8 | a.increment(a.Frequency(e)))
}

// Idle returns the seconds since the entry's last access. REQUIRES: not LFU.
func (a *Access) Idle(e object.Entry) int64 { return int64((a.now - e.LRU()) & clockMask) }

// Frequency returns the entry's LFU counter, less one for every lfu-decay-time minutes since it was last written.
// REQUIRES: LFU.
func (a *Access) Frequency(e object.Entry) uint32 {
	lru := e.LRU()
	counter := lru & 0xff
	if a.DecayMinutes <= 0 {
		return counter
	}
	minutes := (a.now - lru>>8) & 0xffff
	return counter - min(counter, minutes/uint32(a.DecayMinutes))
}

// increment raises a counter with a chance that falls as it grows.
func (a *Access) increment(counter uint32) uint32 {
	if counter == lfuMax {
		return counter
	}
	base := 0.0
	if counter > lfuInit {
		base = float64(counter - lfuInit)
	}
	if rand.Float64() < 1/(base*float64(a.LogFactor)+1) {
		counter++
	}
	return counter
}

// SetIdle makes the entry look as if it had been idle for so many seconds (RESTORE, DEBUG).
func (a *Access) SetIdle(e object.Entry, seconds int64) {
	e.SetLRU(uint32(int64(a.now)-seconds) & clockMask)
}

// SetFrequency sets the entry's LFU counter.
func (a *Access) SetFrequency(e object.Entry, freq uint8) { e.SetLRU(a.now<<8 | uint32(freq)) }
