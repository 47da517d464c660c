package command

import (
	"encoding/binary"
	"strconv"

	"granary/internal/config"
	"granary/internal/mem"
)

// Slowlog keeps the last slow commands, newest first, in our memory (PurposeSlowlog). Guarded by the keyspace lock.
//
// An entry is one block, numbers little endian:
//
//	0        5        10      18      26       34      38
//	+--------+--------+-------+-------+--------+-------+---------------------------------------------+
//	| older  | newer  |  id   | time  | micros | size  | fields: address, name, argument, argument...|
//	+--------+--------+-------+-------+--------+-------+---------------------------------------------+
//
// older and newer are Refs of the neighbours, time is Unix seconds, size the bytes requested for the block, and a
// field is a length of 4 bytes and the bytes. An argument longer than 128 bytes is cut, and of more than 32 arguments
// the last one kept says how many are missing, as Redis does it.
type Slowlog struct {
	arena          *mem.Arena
	newest, oldest mem.Ref
	n              int
	max            int // slowlog-max-len
	nextID         int64
}

const (
	slowOlderOff  = 0
	slowNewerOff  = 5
	slowIDOff     = 10
	slowTimeOff   = 18
	slowMicrosOff = 26
	slowSizeOff   = 34
	slowHead      = 38

	slowMaxArgs = 32
	slowMaxArg  = 128
)

// NewSlowlog returns an empty slow log that keeps its entries in the arena.
func NewSlowlog(a *mem.Arena, cfg *config.Config) *Slowlog {
	return &Slowlog{arena: a, max: int(cfg.SlowlogMaxLen)}
}

// Trim sets the number of entries kept (slowlog-max-len) and drops the oldest ones beyond it.
func (s *Slowlog) Trim(max int) {
	s.max = max
	s.trim()
}

// Len returns the number of entries.
func (s *Slowlog) Len() int { return s.n }

// add logs a command of a client.
func (s *Slowlog) add(c *Client, args [][]byte, ns int64) {
	fields := make([]string, 0, 2+min(len(args), slowMaxArgs))
	fields = append(fields, c.Addr(), c.Name)
	for i, a := range args {
		if i == slowMaxArgs-1 && len(args) > slowMaxArgs {
			fields = append(fields, "... ("+strconv.Itoa(len(args)-i)+" more arguments)")
			break
		}
		switch {
		case c.ctx.isRedacted(i):
			fields = append(fields, "(redacted)")
		case len(a) > slowMaxArg:
			fields = append(fields, string(a[:slowMaxArg])+"... ("+strconv.Itoa(len(a)-slowMaxArg)+" more bytes)")
		default:
			fields = append(fields, string(a))
		}
	}
	size := slowHead
	for _, f := range fields {
		size += 4 + len(f)
	}
	r := tryAllocZero(s.arena, size, mem.PurposeSlowlog)
	if r == 0 {
		return
	}
	b := mem.Bytes(r, size)
	binary.LittleEndian.PutUint64(b[slowIDOff:], uint64(s.nextID))
	binary.LittleEndian.PutUint64(b[slowTimeOff:], uint64(c.Env.Keys.Now/1000))
	binary.LittleEndian.PutUint64(b[slowMicrosOff:], uint64(ns/1000))
	binary.LittleEndian.PutUint32(b[slowSizeOff:], uint32(size))
	mem.PutRef(b[slowOlderOff:], s.newest)
	p := b[slowHead:]
	for _, f := range fields {
		binary.LittleEndian.PutUint32(p, uint32(len(f)))
		p = p[4+copy(p[4:], f):]
	}
	if s.newest != 0 {
		mem.PutRef(mem.Bytes(s.newest, slowHead)[slowNewerOff:], r)
	} else {
		s.oldest = r
	}
	s.newest = r
	s.nextID++
	s.n++
	s.trim()
}

// trim removes the oldest entries beyond the limit.
func (s *Slowlog) trim() {
	for s.n > s.max {
		r := s.oldest
		b := mem.Bytes(r, slowHead)
		s.oldest = mem.LoadRef(b[slowNewerOff:])
		if s.oldest != 0 {
			mem.PutRef(mem.Bytes(s.oldest, slowHead)[slowOlderOff:], 0)
		} else {
			s.newest = 0
		}
		s.arena.Free(r, int(binary.LittleEndian.Uint32(b[slowSizeOff:])), mem.PurposeSlowlog)
		s.n--
	}
}

// Reset forgets all entries.
func (s *Slowlog) Reset() {
	max := s.max
	s.max = 0
	s.trim()
	s.max = max
}

// SlowEntry is an entry of the slow log.
// BORROWS: the bytes of the slow log, valid until it changes.
type SlowEntry struct {
	ID, Time, Micros int64 // Time is Unix seconds
	Addr, Name       []byte
	Args             [][]byte
}

// Each calls fn for the latest n entries, newest first; n < 0 means all.
func (s *Slowlog) Each(n int, fn func(*SlowEntry)) {
	var e SlowEntry
	for r := s.newest; r != 0 && n != 0; n-- {
		size := int(binary.LittleEndian.Uint32(mem.Bytes(r, slowHead)[slowSizeOff:]))
		b := mem.Bytes(r, size)
		e = SlowEntry{
			ID:     int64(binary.LittleEndian.Uint64(b[slowIDOff:])),
			Time:   int64(binary.LittleEndian.Uint64(b[slowTimeOff:])),
			Micros: int64(binary.LittleEndian.Uint64(b[slowMicrosOff:])),
			Args:   e.Args[:0],
		}
		for i, p := 0, b[slowHead:]; len(p) > 0; i++ {
			end := 4 + int(binary.LittleEndian.Uint32(p))
			switch i {
			case 0:
				e.Addr = p[4:end]
			case 1:
				e.Name = p[4:end]
			default:
				e.Args = append(e.Args, p[4:end])
			}
			p = p[end:]
		}
		fn(&e)
		r = mem.LoadRef(b[slowOlderOff:])
	}
}
