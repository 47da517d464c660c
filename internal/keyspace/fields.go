package keyspace

import (
	"time"

	"granary/internal/encoding/hash"
	"granary/internal/encoding/listpack"
	"granary/internal/encoding/table"
	"granary/internal/mem"
	"granary/internal/object"
)

// Fields of hashes that expire. A hash keeps its own fields in the order of their time (package encoding/hash). Which hash
// is due next a second table of the database says, which holds the entries of all hashes that have such fields and no
// others:
//
//	DB ── keys ──── slot ──> entry of a hash (marked) ──> fields in the order of their time
//	   └─ fields ── slot ──────^          due when the first of them is
//
// Both tables refer to the same entries. INVARIANT: an entry is in fields if and only if it is marked (object.HasFields),
// and fields knows of a time that is not later than the first of its fields. So whoever lets a field expire calls
// NoteFieldExpiry before, and whoever may have taken the last such field away SettleFields after.
//
// A table for 7.5 bytes per such hash was preferred to a time in the entry of every hash, and to the order of keys
// (DB.keys), which is about keys that expire and feeds eviction.

var fieldsKind = &table.Kind{
	Name:    "fields",
	Key:     object.Key,
	Expire:  object.FieldsDue,
	Purpose: mem.PurposeExpire,
}

const (
	// fieldStep is the most fields of one hash that are deleted between two looks at the clock.
	fieldStep = 64

	// fieldsOnAccess is the most fields that a command deletes because it met the hash. More that are due are passed over
	// by those who read, and left to the slices.
	fieldsOnAccess = 64
)

// SubExpires returns the number of hashes with fields that expire.
func (db *DB) SubExpires() int {
	if db.fields.Root() == 0 {
		return 0
	}
	return db.fields.Len()
}

// ExpireBytes returns the usable bytes of what keeps keys and hashes in the order of their time (PurposeExpire). What is
// kept inside of hashes is not in it.
func (db *DB) ExpireBytes() int64 {
	n := int64(0)
	if db.keys.Root() != 0 {
		n += db.keys.ExpireBytes()
	}
	if db.fields.Root() != 0 {
		n += db.fields.Bytes()
	}
	return n
}

// addFields takes a marked entry into the table.
func (db *DB) addFields(h uint64, e object.Entry) {
	if db.fields.Root() == 0 {
		db.fields = table.New(db.ks.Arena, fieldsKind)
	}
	done := false
	defer func() {
		if !done && db.fields.Len() == 0 {
			db.fields.Free(nil)
			db.fields = table.Table{}
		}
	}()
	db.fields.Insert(h, mem.Ref(e))
	done = true
}

// dropFields takes an entry out of the table. The entry is not read.
func (db *DB) dropFields(h uint64, e object.Entry) {
	db.fields.Delete(db.fieldsPos(h, e))
	if db.fields.Len() == 0 {
		db.fields.Free(nil)
		db.fields = table.Table{}
	}
}

// movedFields puts e in the place of an entry that is not read.
func (db *DB) movedFields(h uint64, old, e object.Entry) {
	db.fields.Replace(db.fieldsPos(h, old), mem.Ref(e))
}

func (db *DB) fieldsPos(h uint64, e object.Entry) table.Pos {
	pos, ok := db.fields.FindEntry(h, mem.Ref(e))
	if !ok {
		panic("BUG: keyspace: a marked hash that is not among those with fields that expire")
	}
	return pos
}

// placeWithFields is place for an entry that is marked, or that takes the place of one that is.
func (it *Item) placeWithFields(e object.Entry) {
	db, old := it.db, it.Entry
	it.at()
	h := it.hash
	switch was := old != 0 && old.HasFields(); {
	case !e.HasFields():
		it.placePlain(e, func() { db.dropFields(h, old) })
	case was:
		it.placePlain(e, func() { db.movedFields(h, old, e) })
	default:
		db.addFields(h, e)
		defer func() {
			if it.Entry != e {
				db.dropFields(h, e)
			}
		}()
		it.placePlain(e, nil)
	}
}

// NoteFieldExpiry tells that a field of the hash is going to expire at at. Only the first time this may need memory.
func (it *Item) NoteFieldExpiry(at int64) {
	it.at()
	db := it.db
	if !it.Entry.HasFields() {
		db.addFields(it.hash, it.Entry)
		it.Entry.MarkFields(true)
	}
	db.fields.NoteExpire(db.fieldsPos(it.hash, it.Entry), at)
}

// SettleFields looks whether the hash still has fields that expire.
func (it *Item) SettleFields() {
	if it.Entry != 0 && it.Entry.HasFields() && it.Entry.FieldExpiry() == 0 {
		it.at()
		it.Entry.MarkFields(false)
		it.db.dropFields(it.hash, it.Entry)
	}
}

// FieldsDue tells whether fields of the hash may have expired that are still there.
func (it *Item) FieldsDue() bool {
	if !it.Entry.HasFields() {
		return false
	}
	at := it.Entry.FieldExpiry()
	return at != 0 && at <= it.db.ks.Now
}

// ExpireFields deletes fields of a hash whose time has come, as a command does that meets it: not all if there are very
// many, and none where commands delete nothing (ExpireOnAccess). The item may not exist afterwards.
func (it *Item) ExpireFields() {
	if it.FieldsDue() && it.db.ks.ExpireOnAccess {
		it.expireFields(fieldsOnAccess)
	}
}

// expireFieldsSlice deletes fields whose time has come, hashes in the order of their time, until the deadline. It reports
// whether none is left.
func (db *DB) expireFieldsSlice(deadline time.Time) bool {
	ks := db.ks
	for db.fields.Root() != 0 {
		if _, r, ok := db.fields.NextExpired(ks.Now); ok {
			it := db.itemOf(object.Entry(r))
			it.expireFields(fieldStep)
		} else if at, some := db.fields.EarliestExpire(); !some || at > ks.Now {
			return true
		}
		if time.Now().After(deadline) {
			return false
		}
	}
	return true
}

// expireFields deletes at most most fields whose time has come, the earliest first, and the hash with the last of its
// fields, and tells everybody. It reports whether it deleted any.
func (it *Item) expireFields(most int) bool {
	ks := it.db.ks
	pending := ks.apart()
	defer func() { ks.endApart(it.db, it.key, pending) }()
	it.at()
	if it.db.part != nil {
		it.db.part.before(it.hash, it.key)
	}
	n := 0
	if it.Entry.Encoding() == object.Hashtable {
		n = it.expireInTable(most)
	} else {
		n = it.expireInFlat(most)
	}
	if n == 0 {
		it.SettleFields() // the bound was too early, and there may be no time at all
		return false
	}
	ks.Stats.ExpiredFields += int64(n)
	ks.expired(it.db.ID, it.key)
	ks.Notify(Hash, "hexpired", it.key, it.db.ID)
	if it.Entry == 0 {
		ks.Notify(Generic, "del", it.key, it.db.ID)
		return true
	}
	it.SettleFields()
	return true
}

// tellField tells of a field that is about to be deleted because its time came.
func (it *Item) tellField(name []byte) {
	if it.db.ks.Hooks.FieldExpired != nil {
		it.db.ks.Hooks.FieldExpired(it.db.ID, it.key, name)
	}
}

// expireInTable is expireFields for a hashtable.
func (it *Item) expireInTable(most int) (n int) {
	h := hash.Open(it.db.ks.Arena, it.Entry.Root())
	for ; n < most; n++ {
		pos, f := h.NextExpired(it.db.ks.Now)
		if f == 0 {
			break
		}
		it.tellField(f.Name())
		h.DeleteAt(pos, f)
	}
	if h.Len() == 0 {
		it.Delete()
	}
	return n
}

// expireInFlat is expireFields for a listpackex, whose first fields are those that are due.
func (it *Item) expireInFlat(most int) (n int) {
	lp := listpack.Open(it.Flat())
	var s listpack.Scratch
	for p := lp.First(); p != 0 && n < most; p = lp.Skip(p, hash.Triple) {
		if at := hash.FlatExpiry(lp, p); at == 0 || at > it.db.ks.Now {
			break
		}
		it.tellField(lp.Get(p).Text(&s))
		n++
	}
	if n == 0 {
		return 0
	}
	if n*hash.Triple == lp.Len() {
		it.Delete()
		return n
	}
	size, _ := lp.RangeSize(lp.First(), n*hash.Triple)
	trim := it.PlanTrim(size)
	lp.DeleteRange(lp.First(), n*hash.Triple)
	it.FinishTrim(trim)
	return n
}

// indexJob gives back a table whose entries belong to another.
type indexJob struct{ t table.Table }

func (j *indexJob) step(_ *Keyspace, n int) (freed int, done bool) { return 0, j.t.FreeSlice(n, nil) }

func (j *indexJob) pending() int { return 0 }

// PutRoot makes a value with a root block the item's: a new key, or another value for an old one, which keeps its expiry
// and, if it is the same hash in another form, its place among those with fields that expire.
// OWNS: nothing: if there is no memory, the value is still the caller's.
func (it *Item) PutRoot(t object.Type, enc object.Encoding, root mem.Ref) {
	ks := it.db.ks
	expiry, clock := it.header()
	e := object.NewRooted(ks.Arena, it.key, t, enc, root, expiry, clock)
	if it.Entry != 0 && t == object.Hash && it.Entry.HasFields() {
		e.MarkFields(true)
	}
	absent := it.Entry == 0
	defer func() {
		if it.Entry != e {
			object.FreeEntry(ks.Arena, e)
		}
	}()
	it.place(e)
	if absent {
		it.tellNew()
	}
}
