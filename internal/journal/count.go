package journal

import (
	"cmp"
	"encoding/binary"
	"slices"

	"granary/internal/mem"
)

// Counters by prefix, in a block of 256 rows of 96 bytes, numbers little endian:
//
//	0      8           16              24         32              40       48   49      96
//	+------+-----------+---------------+----------+---------------+--------+----+-------+
//	| hash | evictions | evicted bytes | expiries | expired bytes | missed | n  | prefix |
//	+------+-----------+---------------+----------+---------------+--------+----+-------+
//
// A row with hash 0 is empty. A prefix lies in one of the 8 rows from that of its hash on. If all are taken, it gets that of
// the prefix that had least, whose counts go to the rest, which nobody's name stands for. So the rows and the rest add
// up to the totals, and what a row does not count of its prefix, because it came late or came again, is at most missed: the
// rule of the "space saving" sketch, in windows. missed is at least what those had who had to leave the row; so whoever comes
// again has missed at most the greatest of its window. Who loses many keys is there.
const (
	countRows  = 256
	countRow   = 96
	countBytes = countRows * countRow
	window     = 8
	nameOff    = 49
)

var _ [countRow - nameOff - MaxPrefix]byte // a prefix fits

type counts struct {
	block mem.Ref
	rest  Totals // of prefixes that have no row any more
	lost  int64  // how many had to leave theirs
}

// Count is what a prefix lost.
type Count struct {
	Prefix string
	Totals
	Missed int64 // events that it had before, at most
}

// hashOf is FNV-1a, never 0.
func hashOf(b []byte) uint64 {
	h := uint64(14695981039346656037)
	for _, c := range b {
		h = (h ^ uint64(c)) * 1099511628211
	}
	return h | 1
}

func (c *counts) bytes() []byte { return mem.Bytes(c.block, countBytes) }

func (c *counts) reset() {
	clear(c.bytes())
	c.rest, c.lost = Totals{}, 0
}

// add counts an event.
func (c *counts) add(prefix []byte, r Rule, bytes int64) {
	b := c.find(prefix)
	at := 8
	if r == Expired {
		at = 24
	}
	le := binary.LittleEndian
	le.PutUint64(b[at:], le.Uint64(b[at:])+1)
	le.PutUint64(b[at+8:], le.Uint64(b[at+8:])+uint64(bytes))
}

// find returns the row of a prefix, which it has from now on.
func (c *counts) find(prefix []byte) []byte {
	h := hashOf(prefix)
	all, le := c.bytes(), binary.LittleEndian
	var least, empty []byte
	few, missed := uint64(0), uint64(0)
	for i := range uint64(window) {
		at := int((h>>32+i)%countRows) * countRow
		b := all[at : at+countRow]
		switch le.Uint64(b) {
		case h:
			if string(b[nameOff:nameOff+int(b[48])]) == string(prefix) {
				return b
			}
		case 0:
			if empty == nil {
				empty = b
			}
			continue
		}
		missed = max(missed, le.Uint64(b[40:]))
		if n := le.Uint64(b[8:]) + le.Uint64(b[24:]) + le.Uint64(b[40:]); least == nil || n < few {
			least, few = b, n
		}
	}
	if empty != nil {
		c.take(empty, h, prefix)
		le.PutUint64(empty[40:], missed)
		return empty
	}
	t := totalsOf(least)
	c.rest.Evictions += t.Evictions
	c.rest.EvictedBytes += t.EvictedBytes
	c.rest.Expiries += t.Expiries
	c.rest.ExpiredBytes += t.ExpiredBytes
	c.lost++
	clear(least)
	c.take(least, h, prefix)
	le.PutUint64(least[40:], max(few, missed))
	return least
}

// take gives an empty row to a prefix.
func (c *counts) take(b []byte, h uint64, prefix []byte) {
	binary.LittleEndian.PutUint64(b, h)
	b[48] = byte(len(prefix))
	copy(b[nameOff:], prefix)
}

func totalsOf(b []byte) Totals {
	le := binary.LittleEndian
	return Totals{int64(le.Uint64(b[8:])), int64(le.Uint64(b[16:])), int64(le.Uint64(b[24:])), int64(le.Uint64(b[32:]))}
}

// Prefixes returns what prefixes lost in events of a kind, those that lost most bytes first, at most n; and the rest, of
// prefixes that have no row.
func (j *Journal) Prefixes(k Kind, n int) (list []Count, rest Totals) {
	all, le := j.counts.bytes(), binary.LittleEndian
	for i := range countRows {
		b := all[i*countRow : (i+1)*countRow]
		if le.Uint64(b) == 0 {
			continue
		}
		c := Count{string(b[nameOff : nameOff+int(b[48])]), totalsOf(b), int64(le.Uint64(b[40:]))}
		if c.Events(k) > 0 {
			list = append(list, c)
		}
	}
	slices.SortFunc(list, func(x, y Count) int {
		return cmp.Or(cmp.Compare(y.Bytes(k), x.Bytes(k)), cmp.Compare(x.Prefix, y.Prefix))
	})
	return list[:min(n, len(list))], j.counts.rest
}
