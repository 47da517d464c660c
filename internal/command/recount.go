package command

import (
	"encoding/binary"

	"granary/internal/mem"
)

// The count of what the server keeps for itself: an audit holds it against the books. Buffers and sessions are counted in
// buffers.go, keys where they are.

// MemoryHolder keeps memory of its own, in the range or booked outside of it, and can count it again.
type MemoryHolder interface {
	// CountMemory tells count of every byte, from the structures themselves.
	CountMemory(count func(p mem.Purpose, usable int64))
}

// AddMemoryHolder makes a holder known to audits. Memory of a purpose that is no key's and that no holder counts is a difference.
func (e *Env) AddMemoryHolder(o MemoryHolder) { e.holders = append(e.holders, o) }

// CountOwn has all holders count, and those that every server has.
func (e *Env) CountOwn(count func(p mem.Purpose, usable int64)) {
	e.Slowlog.countMemory(count)
	e.Latency.countMemory(count)
	for i := range e.Stats.specs {
		e.Stats.specs[i].Latency.countMemory(count)
	}
	if e.History != nil {
		e.History.CountMemory(count)
	}
	e.Keys.CountMemory(count)
	if t, _ := e.Keys.Prefixes(); t != nil {
		count(mem.PurposePrefix, t.Memory())
	}
	e.countJournal(count)
	for _, o := range e.holders {
		o.CountMemory(count)
	}
}

func (s *Slowlog) countMemory(count func(p mem.Purpose, usable int64)) {
	for r := s.newest; r != 0; {
		b := mem.Bytes(r, slowHead)
		count(mem.PurposeSlowlog, int64(mem.Usable(int(binary.LittleEndian.Uint32(b[slowSizeOff:])))))
		r = mem.LoadRef(b[slowOlderOff:])
	}
}

func (l *Latency) countMemory(count func(p mem.Purpose, usable int64)) {
	for range l.events {
		count(mem.PurposeLatency, int64(mem.Usable(latencyRingBytes)))
	}
}

func (h *Histogram) countMemory(count func(p mem.Purpose, usable int64)) {
	for _, r := range h.rows {
		if r != 0 {
			count(mem.PurposeLatency, int64(mem.Usable(histRowBytes)))
		}
	}
}
