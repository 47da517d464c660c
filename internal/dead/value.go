package dead

import (
	"granary/internal/encoding/hash"
	"granary/internal/encoding/set"
	"granary/internal/encoding/stream"
	"granary/internal/encoding/table"
	"granary/internal/encoding/zset"
	"granary/internal/keyspace"
	"granary/internal/mem"
	"granary/internal/object"
	hashes "granary/internal/types/hash"
	lists "granary/internal/types/list"
	sets "granary/internal/types/set"
	zsets "granary/internal/types/zset"
)

// visit is a value that is looked at in steps of its own.
type visit struct {
	db     *keyspace.DB
	key    []byte
	stage  stage
	cursor uint64    // in its table, or the next node
	id     stream.ID // of the next node
}

type stage uint8

const (
	visitDue      stage = iota // fields whose time has come
	visitDueMore               // the same, counted already
	visitEncoding              // could it be small
	visitParts                 // its table, its nodes
)

const (
	// Steps of a visit.
	listNodes   = 16
	streamNodes = 2

	// longString is from which length on a string has a step of its own.
	longString = 8 << 10
)

// entry looks at an entry of the bucket at hand. It may delete it and move it, and no other.
func (w *Walk) entry(db *keyspace.DB, e object.Entry) {
	w.Keys++
	if w.ks.IsExpired(e) {
		n, _ := e.Bytes()
		w.note(Expired, n, 1)
		if w.may(Expired) && w.ks.ExpireOnAccess {
			db.Due(e)
			w.gave(Expired, n, 1)
		}
		return
	}
	switch {
	case e.Type() == object.String:
		if e.Encoding() != object.Raw {
			return
		}
		if e.TextLen() > longString && e.RawSpare() > 0 {
			w.later(db, e)
			return
		}
		w.text(db, e)
	case e.IsFlat():
		w.flat(db, e)
	default:
		w.later(db, e)
	}
}

// later leaves an entry to steps of its own.
func (w *Walk) later(db *keyspace.DB, e object.Entry) {
	n := len(w.queue)
	if n < cap(w.queue) {
		w.queue = w.queue[:n+1] // with the buffer of a former key
	} else {
		w.queue = append(w.queue, visit{})
	}
	v := &w.queue[n]
	*v = visit{db: db, key: append(v.key[:0], e.Key()...)}
}

// free tells whether the walk may free room of a kind in a value. While a snapshot is taken values stay as they are: it may
// have come half through one.
func (w *Walk) free(k Kind, e object.Entry) bool {
	return w.may(k) && !w.ks.Snapshotting() && (w.Job.Idle == 0 || w.ks.Access.Unused(e) >= w.Job.Idle)
}

// worth tells whether so many bytes of a block are worth the trouble.
func (w *Walk) worth(gain, of int64) bool { return gain > 0 && gain*100 >= int64(w.Job.Least)*of }

// text looks at a raw string. Its room is one kind, what else it would gain in the entry another.
func (w *Walk) text(db *keyspace.DB, e object.Entry) {
	all, _ := e.Bytes()
	spare := e.RawSpare()
	if spare > 0 {
		w.note(Strings, spare, 1)
	}
	if n := e.TextLen(); n <= w.ks.Limits.Embstr && object.RawRefs(e.Root()) == 1 {
		gain := all - int64(object.UsableWithText(e, n)) - spare // as an int it takes less
		if gain > 0 {
			w.note(Encodings, gain, 1)
		}
		if gain > 0 && w.free(Encodings, e) && w.worth(gain+spare, all) {
			it, done := db.EntryItem(e), false
			mem.Try(func() { done = it.RepackString() })
			if done {
				now, _ := it.Entry.Bytes()
				w.gave(Encodings, all-now-spare, 1)
				w.gave(Strings, spare, 1)
				return
			}
		}
	}
	if spare > 0 && w.free(Strings, e) && w.worth(spare, all) {
		it := db.EntryItem(e)
		w.gave(Strings, it.ShrinkString(), 1)
	}
}

// flat looks at a flat value.
func (w *Walk) flat(db *keyspace.DB, e object.Entry) {
	switch e.Encoding() {
	case object.Intset:
		it := db.EntryItem(e)
		gain, _ := sets.Narrow(&it, false)
		if gain == 0 {
			return
		}
		all, _ := e.Bytes()
		w.note(Intsets, gain, 1)
		if w.free(Intsets, e) && w.worth(gain, all) {
			mem.Try(func() {
				gain, _ := sets.Narrow(&it, true)
				w.gave(Intsets, gain, 1)
			})
		}
	case object.ListpackEx:
		if e.HasFields() && e.FieldExpiry() <= w.ks.Now {
			w.later(db, e)
		}
	}
}

// visit does a step of a visit; the last one takes it off the queue.
func (w *Walk) visit(v *visit) {
	it := v.db.Find(v.key)
	if !it.Exists() || w.ks.IsExpired(it.Entry) || !w.value(v, &it) {
		w.queue = w.queue[:len(w.queue)-1]
	}
	if it.Exists() {
		it.Settle()
	}
}

// value does a step, and reports whether there is more to do.
func (w *Walk) value(v *visit, it *keyspace.Item) (more bool) {
	e := it.Entry
	switch {
	case e.Type() == object.String:
		if e.Encoding() == object.Raw {
			w.text(v.db, e)
		}
		return false
	case v.stage <= visitDueMore:
		if v.stage = w.fields(it, v.stage); !it.Exists() {
			return false
		}
		return v.stage == visitDueMore || !it.Entry.IsFlat()
	case e.IsFlat():
		return false
	case v.stage == visitEncoding:
		v.stage = visitParts
		return !w.encoding(it)
	}
	switch e.Type() {
	case object.List:
		next, found, freed := lists.CompactNodes(it, int(v.cursor), listNodes, w.Job.Least, w.free(Lists, e))
		w.parts(Lists, v, found, freed)
		v.cursor = uint64(next)
		return next != 0
	case object.Stream:
		s := stream.Open(w.ks.Arena, e.Root())
		next, more, sum := s.Compact(v.id, streamNodes, w.Job.Least, w.free(Streams, e))
		w.note(Streams, sum.Bytes, sum.Tombstones)
		w.gave(Streams, sum.Freed, sum.Tombstones)
		v.id = next
		return more
	}
	return w.table(v, e)
}

// parts counts what a step has found in a part of a value; the key counts once.
func (w *Walk) parts(k Kind, v *visit, found, freed int64) {
	if found == 0 {
		return
	}
	w.note(k, found, 0)
	w.gave(k, freed, 0)
	if v.id.IsZero() { // not counted yet: lists have no use for the ID
		v.id = stream.ID{Seq: 1}
		w.Found[k].Count++
		if freed != 0 {
			w.Freed[k].Count++
			w.freed[k].Count++
		}
	}
}

// table looks at a part of a value's table.
func (w *Walk) table(v *visit, e object.Entry) (more bool) {
	free := w.free(Tables, e)
	var s table.Spare
	a := w.ks.Arena
	switch e.Type() {
	case object.Hash:
		h := hash.Open(a, e.Root())
		v.cursor, s = h.Compact(v.cursor, free)
	case object.Set:
		m := set.Open(a, e.Root())
		v.cursor, s = m.Compact(v.cursor, free)
	case object.ZSet:
		z := zset.Open(a, e.Root())
		v.cursor, s = z.Compact(v.cursor, free)
	}
	w.note(Tables, s.Bytes, int64(s.Count))
	w.gave(Tables, s.Freed, int64(s.Count))
	return v.cursor != 0
}

// encoding looks whether a large value could be small, and reports whether it is now.
func (w *Walk) encoding(it *keyspace.Item) (done bool) {
	e := it.Entry
	compact := func(act bool) (gain int64, done bool) {
		switch e.Type() {
		case object.Hash:
			lim := hashes.Limits{Entries: int(w.cfg.HashMaxListpackEntries), Value: int(w.cfg.HashMaxListpackValue)}
			return hashes.Compact(it, lim, act)
		case object.Set:
			return sets.Compact(it, sets.LimitsOf(w.cfg), act)
		case object.ZSet:
			return zsets.Compact(it, zsets.LimitsOf(w.cfg), act)
		case object.List:
			return lists.Compact(it, lists.LimitsOf(w.cfg), act)
		}
		return 0, false
	}
	gain, _ := compact(false)
	if gain == 0 {
		return false
	}
	all, _ := e.Bytes()
	w.note(Encodings, gain, 1)
	if w.free(Encodings, e) && w.worth(gain, all) {
		mem.Try(func() {
			if gain, done = compact(true); done {
				w.gave(Encodings, gain, 1)
			}
		})
	}
	return done
}

// fields counts the fields of a hash whose time has come, once, and deletes what one step may delete of them. It returns
// the stage that is next.
func (w *Walk) fields(it *keyspace.Item, at stage) (next stage) {
	if it.Entry.Type() != object.Hash || !it.FieldsDue() {
		return visitEncoding
	}
	n, bytes := hashes.CountDue(it.Entry, w.ks.Now)
	if at == visitDue {
		w.note(Fields, bytes, n)
	}
	if n == 0 || !w.may(Fields) || !w.ks.ExpireOnAccess {
		return visitEncoding
	}
	before, _ := it.Entry.Bytes()
	it.ExpireFields()
	if !it.Exists() {
		w.gave(Fields, before, n)
		return visitEncoding
	}
	left, _ := hashes.CountDue(it.Entry, w.ks.Now)
	after, _ := it.Entry.Bytes()
	w.gave(Fields, before-after, n-left)
	if left == 0 || left == n {
		return visitEncoding
	}
	return visitDueMore
}
