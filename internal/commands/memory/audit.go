package memory

import (
	"granary/internal/command"
	"granary/internal/mem"
	"granary/internal/object"
)

// An audit is an account of the keyspace made from the data, to be held against the books, which were made from the
// allocations. It visits every entry of every database.
type audit struct {
	counted [mem.NumPurposes]int64 // usable bytes found
	keys    int64
	unknown int64 // entries of a type that cannot be counted
}

func (a *audit) entry(e object.Entry) bool {
	a.keys++
	if !e.Blocks(func(p mem.Purpose, usable int) { a.counted[p] += int64(usable) }) {
		a.unknown++
	}
	return true
}

// cmdMemoryAudit answers MEMORY AUDIT: a map of the keys seen, what was counted and booked for each purpose that belongs
// to keys, and the sum of all differences. What has been removed and waits to be given back (lazyfree) is booked and in
// no database; it is given back first.
func cmdMemoryAudit(c *command.Ctx) {
	c.Env.FinishReclaim()
	var a audit
	for _, db := range c.Keys().DBs {
		db.Each(a.entry)
		// A table knows the sum of its blocks, the order of expiry included.
		a.counted[mem.PurposeTable] += db.TableBytes() - db.ExpireBytes()
		a.counted[mem.PurposeExpire] += db.ExpireBytes()
	}
	books := mem.Totals()

	difference, purposes := int64(0), 0
	for p := range mem.NumPurposes {
		if !mem.Purpose(p).Info().Keyspace {
			continue
		}
		d := books.Purposes[p].Usable - a.counted[p]
		difference += max(d, -d)
		if books.Purposes[p].Usable != 0 || a.counted[p] != 0 {
			purposes++
		}
	}
	o := c.Out
	o.Map(4)
	o.BulkString("keys")
	o.Int(a.keys)
	o.BulkString("uncounted.keys")
	o.Int(a.unknown)
	o.BulkString("difference")
	o.Int(difference)
	o.BulkString("purposes")
	o.Map(purposes)
	for p := range mem.NumPurposes {
		b := books.Purposes[p]
		if !mem.Purpose(p).Info().Keyspace || b.Usable == 0 && a.counted[p] == 0 {
			continue
		}
		o.BulkString(mem.Purpose(p).String())
		o.Map(3)
		o.BulkString("counted")
		o.Int(a.counted[p])
		o.BulkString("booked")
		o.Int(b.Usable)
		o.BulkString("blocks")
		o.Int(b.Count)
	}
}
