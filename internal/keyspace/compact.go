package keyspace

import (
	"granary/internal/encoding/table"
	"granary/internal/mem"
	"granary/internal/object"
)

// Giving back room that nobody uses. Nothing here changes what a key says, so nobody is told: no event, no WATCH, no effect
// for replicas, no access.

// ShrinkString gives back the room behind a raw string, and returns how many bytes that were.
func (it *Item) ShrinkString() int64 {
	n := object.ShrinkRaw(it.db.ks.Arena, it.Entry)
	it.Settle()
	return n
}

// RepackString stores a raw string as SET would store it, if that is in the entry. It reports whether it did.
// It may panic with mem.ErrOutOfMemory; nothing has changed then.
func (it *Item) RepackString() bool {
	ks := it.db.ks
	if it.Entry.Encoding() != object.Raw || it.Entry.TextLen() > ks.Limits.Embstr || object.RawRefs(it.Entry.Root()) != 1 {
		return false
	}
	var room [object.MaxEmbstr]byte
	val := append(room[:0], object.RawBytes(it.Entry.Root())...)
	it.at()
	if e := object.SetString(ks.Arena, it.Entry, val, ks.Limits); e != it.Entry {
		it.moved(e)
	}
	it.Settle()
	return true
}

// ReplaceFlat is PutFlat for the same value in another form: what is known of fields that expire stays known.
// It may panic with mem.ErrOutOfMemory; nothing has changed then.
func (it *Item) ReplaceFlat(enc object.Encoding, value []byte) {
	e := object.NewFlat(it.db.ks.Arena, it.key, it.Entry.Type(), enc, value, it.Entry.Expiry(), it.Entry.LRU())
	if it.Entry.HasFields() {
		e.MarkFields(true)
	}
	it.store(e)
}

// EntryItem returns the item of an entry that was met on a walk. The key is a copy in the keyspace's own buffer: the next
// call of a walk's function takes it.
func (db *DB) EntryItem(e object.Entry) Item { return db.itemOf(e) }

// CompactTable looks at a part of the key table, and with act gives back what it does not need. It returns the next cursor;
// it begins and ends with 0.
func (db *DB) CompactTable(cursor uint64, act bool) (next uint64, s table.Spare) {
	if db.keys.Root() == 0 {
		return 0, s
	}
	next, s = db.keys.Compact(cursor, act)
	if s.Freed != 0 {
		db.epoch++
	}
	return next, s
}

// CompactFieldsTable is CompactTable for the table of hashes with fields that expire.
func (db *DB) CompactFieldsTable(cursor uint64, act bool) (next uint64, s table.Spare) {
	if db.fields.Root() == 0 {
		return 0, s
	}
	return db.fields.Compact(cursor, act)
}

// CountDue counts the keys whose time has come and their usable bytes, by the order of time: nothing else is read. After
// most keys it gives up, and exact is false.
func (ks *Keyspace) CountDue(most int64) (keys, bytes int64, exact bool) {
	for _, db := range ks.DBs {
		if db.keys.Root() == 0 {
			continue
		}
		for c := uint64(0); ; {
			c = db.keys.Due(c, ks.Now, func(r mem.Ref) {
				keys++
				n, _ := object.Entry(r).Bytes()
				bytes += n
			})
			if c == 0 {
				break
			}
			if keys > most {
				return keys, bytes, false
			}
		}
	}
	return keys, bytes, true
}

// Unused returns for how many seconds nobody has read or changed the entry, as far as its clock tells.
func (a *Access) Unused(e object.Entry) int64 {
	if !a.LFU {
		return a.Idle(e)
	}
	return int64((a.now-e.LRU()>>8)&0xffff) * 60
}

// PendingBytes returns about how many usable bytes wait to be given back (Pending). What hangs from one key is known; the
// entries of a database that was emptied are taken to be as large as all others are on average, so the figure is right when
// nothing else is there.
func (ks *Keyspace) PendingBytes() (n int64) {
	if len(ks.reclaim) == 0 {
		return 0
	}
	b := ks.Arena.Books()
	of := func(p mem.Purpose) int64 { return b.Purposes[p].Usable }
	values := b.Keyspace().Usable - of(mem.PurposeTable) - of(mem.PurposeExpire)
	entries := max(b.Entries().Count, 1)
	for _, j := range ks.reclaim {
		if k, ok := j.(*keyedJob); ok {
			j = k.job
		}
		switch j := j.(type) {
		case *tableJob:
			n += j.keys.Bytes() + int64(float64(values)*float64(j.keys.Len())/float64(entries))
		case *indexJob:
			n += j.t.Bytes()
		case *valueJob:
			n += object.BytesLeft(j.e)
		}
	}
	return n
}
