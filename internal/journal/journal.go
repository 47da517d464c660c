// Package journal remembers which keys went without anybody having deleted them: evicted for want of memory, or expired.
// It keeps the last of them one by one, and counts them by prefix; all of that in memory of a fixed size.
//
//	journal.go   the events, in a ring
//	count.go     what each prefix lost
//
// The ring is one block (PurposeJournal) of rows of 96 bytes, numbers little endian, written in turn:
//
//	0      8       16        24    32       40        42   44     45     46       50            96
//	+------+-------+---------+-----+--------+---------+----+------+------+--------+-------------+
//	| time | bytes | measure | ttl | client | command | db | rule | n    | keylen | prefix of n |
//	+------+-------+---------+-----+--------+---------+----+------+------+--------+-------------+
//
// A Journal is guarded by whoever guards its arena, and knows no command: of a command it keeps a number.
package journal

import (
	"encoding/binary"

	"granary/internal/mem"
)

const (
	rowBytes  = 96
	prefixOff = 50

	// MaxPrefix is the longest prefix that is kept; of a longer one, the beginning.
	MaxPrefix = rowBytes - prefixOff
)

// Rule says why a key went: by which maxmemory-policy, or because its time had come.
type Rule uint8

// The rules. They are not stored anywhere but in the ring.
const (
	VolatileLRU Rule = iota
	VolatileLFU
	VolatileRandom
	VolatileTTL
	AllKeysLRU
	AllKeysLFU
	AllKeysRandom
	Expired
)

// String returns the name of the policy, or "ttl" for keys that expired.
func (r Rule) String() string {
	return [...]string{
		"volatile-lru", "volatile-lfu", "volatile-random", "volatile-ttl", "allkeys-lru", "allkeys-lfu", "allkeys-random", "ttl",
	}[r]
}

// ByFrequency reports whether the measure of events is a frequency, and not a time.
func (r Rule) ByFrequency() bool { return r == VolatileLFU || r == AllKeysLFU }

// Event is one key that went.
type Event struct {
	Time    int64 // Unix ms
	Rule    Rule
	DB      int
	Bytes   int64 // that the key and its value took
	Measure int64 // seconds for which the key was not accessed, or its counter under LFU
	TTL     int64 // ms that it had left, negative: its time was over for so long; NoTTL: it had no expiry
	Client  int64 // whose command met it, 0: nobody's
	Command int   // which one, -1: none
	KeyLen  int
	Prefix  []byte // valid until the next Add
}

// NoTTL is Event.TTL of a key without an expiry.
const NoTTL = -1 << 63

// Kind chooses among events.
type Kind uint8

// The kinds.
const (
	Any Kind = iota
	Evictions
	Expiries
)

// Has reports whether an event of the rule is of the kind.
func (k Kind) Has(r Rule) bool { return k == Any || (k == Expiries) == (r == Expired) }

// Totals counts all events since the last Reset.
type Totals struct {
	Evictions, EvictedBytes int64
	Expiries, ExpiredBytes  int64
}

// add counts an event.
func (t *Totals) add(r Rule, bytes int64) {
	if r == Expired {
		t.Expiries++
		t.ExpiredBytes += bytes
	} else {
		t.Evictions++
		t.EvictedBytes += bytes
	}
}

// Events returns the number of events of a kind.
func (t *Totals) Events(k Kind) int64 {
	switch k {
	case Evictions:
		return t.Evictions
	case Expiries:
		return t.Expiries
	}
	return t.Evictions + t.Expiries
}

// Bytes returns the bytes of events of a kind.
func (t *Totals) Bytes(k Kind) int64 {
	switch k {
	case Evictions:
		return t.EvictedBytes
	case Expiries:
		return t.ExpiredBytes
	}
	return t.EvictedBytes + t.ExpiredBytes
}

// Journal is what went.
type Journal struct {
	arena  *mem.Arena
	ring   mem.Ref
	rows   int   // of the ring
	next   int   // the row to be written next
	filled int   // rows that were written
	since  int64 // Unix ms of the last Reset
	totals Totals
	counts counts
}

// Open returns an empty journal that keeps so many events. It may panic with mem.ErrOutOfMemory.
func Open(a *mem.Arena, rows int, now int64) *Journal {
	j := &Journal{arena: a, rows: rows, since: now}
	j.ring = a.Alloc(rows*rowBytes, mem.PurposeJournal)
	defer func() {
		if j.counts.block == 0 { // out of memory
			a.Free(j.ring, rows*rowBytes, mem.PurposeJournal)
		}
	}()
	j.counts.block = a.AllocZero(countBytes, mem.PurposeJournal)
	return j
}

// Close gives the journal's memory back.
func (j *Journal) Close() {
	j.arena.Free(j.ring, j.rows*rowBytes, mem.PurposeJournal)
	j.arena.Free(j.counts.block, countBytes, mem.PurposeJournal)
	j.ring, j.counts.block = 0, 0
}

// Rows returns how many events are kept.
func (j *Journal) Rows() int { return j.rows }

// Blocks calls fn for the usable bytes of each block (PurposeJournal).
func (j *Journal) Blocks(fn func(usable int)) {
	fn(mem.Usable(j.rows * rowBytes))
	fn(mem.Usable(countBytes))
}

// Reset forgets everything.
func (j *Journal) Reset(now int64) {
	j.next, j.filled, j.since, j.totals = 0, 0, now, Totals{}
	j.counts.reset()
}

// Totals returns the counts of all events, and since when (Unix ms) they count.
func (j *Journal) Totals() (t Totals, since int64) { return j.totals, j.since }

// Add notes an event. Of the prefix, at most MaxPrefix bytes are kept.
func (j *Journal) Add(e *Event) {
	prefix := e.Prefix[:min(len(e.Prefix), MaxPrefix)]
	j.totals.add(e.Rule, e.Bytes)
	j.counts.add(prefix, e.Rule, e.Bytes)
	b := j.row(j.next)
	le := binary.LittleEndian
	le.PutUint64(b, uint64(e.Time))
	le.PutUint64(b[8:], uint64(e.Bytes))
	le.PutUint64(b[16:], uint64(e.Measure))
	le.PutUint64(b[24:], uint64(e.TTL))
	le.PutUint64(b[32:], uint64(e.Client))
	le.PutUint16(b[40:], uint16(int16(e.Command)))
	le.PutUint16(b[42:], uint16(e.DB))
	b[44] = byte(e.Rule)
	b[45] = byte(len(prefix))
	le.PutUint32(b[46:], uint32(e.KeyLen))
	copy(b[prefixOff:], prefix)
	if j.next++; j.next == j.rows {
		j.next = 0
	}
	j.filled = min(j.filled+1, j.rows)
}

// row returns a row of the ring.
func (j *Journal) row(i int) []byte {
	return mem.Bytes(j.ring, j.rows*rowBytes)[i*rowBytes : (i+1)*rowBytes]
}

// Last calls fn for the last n events of a kind, the latest first.
func (j *Journal) Last(k Kind, n int, fn func(*Event)) {
	var e Event
	for i := 1; i <= j.filled && n > 0; i++ {
		b := j.row((j.next - i + j.rows) % j.rows)
		if !k.Has(Rule(b[44])) {
			continue
		}
		n--
		le := binary.LittleEndian
		e = Event{
			Time:    int64(le.Uint64(b)),
			Bytes:   int64(le.Uint64(b[8:])),
			Measure: int64(le.Uint64(b[16:])),
			TTL:     int64(le.Uint64(b[24:])),
			Client:  int64(le.Uint64(b[32:])),
			Command: int(int16(le.Uint16(b[40:]))),
			DB:      int(le.Uint16(b[42:])),
			Rule:    Rule(b[44]),
			KeyLen:  int(le.Uint32(b[46:])),
			Prefix:  b[prefixOff : prefixOff+int(b[45])],
		}
		fn(&e)
	}
}

// CountKept returns how many of the events that are kept are of a kind, at most n.
func (j *Journal) CountKept(k Kind, n int) (kept int) {
	j.Last(k, n, func(*Event) { kept++ })
	return kept
}
