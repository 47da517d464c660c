package keyspace

import (
	"math/bits"
	"math/rand/v2"
	"time"

	"granary/internal/encoding/table"
	"granary/internal/object"
)

// A key expires in one of two ways: a command meets it after its time (Lookup, Due), or a slice of active expiry
// does. Slices take keys in the order of their time (table.NextExpired), so nothing is sampled, and a key that nobody
// asks for is gone within a tick or two, unless so many are due that slices cannot keep up.

const (
	expireStep = 16      // keys deleted between two looks at the clock
	maxKeyBuf  = 1 << 16 // bytes of keyBuf that are kept
)

// ExpireSlice deletes keys whose time has come, in time order, until none is left or the deadline passes. It reports
// whether none is left. Databases take turns at being first.
func (ks *Keyspace) ExpireSlice(deadline time.Time) bool {
	if !ks.ActiveExpire || !ks.ExpireOnAccess {
		return true
	}
	for i := range ks.DBs {
		db := ks.DBs[(ks.expireFrom+i)%len(ks.DBs)]
		if !db.expireSlice(deadline) || !db.expireFieldsSlice(deadline) {
			ks.expireFrom = (ks.expireFrom + i + 1) % len(ks.DBs)
			ks.Stats.ExpireTimeCaps++
			ks.noteStale(db.staleShare())
			return false
		}
	}
	ks.noteStale(0)
	return true
}

func (db *DB) expireSlice(deadline time.Time) bool {
	ks := db.ks
	for n := 1; db.keys.Root() != 0; n++ {
		pos, r, ok := db.keys.NextExpired(ks.Now)
		if ok {
			it := db.itemOf(object.Entry(r))
			it.pos, it.epoch = pos, db.epoch
			if it.Entry.HasFields() {
				it.hash = table.Hash(it.key)
			}
			it.deleteExpired()
		} else if at, some := db.keys.EarliestExpire(); !some || at > ks.Now {
			return true
		}
		if n%expireStep == 0 && time.Now().After(deadline) {
			return false
		}
	}
	return true
}

// itemOf returns the item of an entry that was met on a walk; its slot is not known yet. The key is a copy in keyBuf, as
// those who are told of it are told after the entry is gone.
func (db *DB) itemOf(e object.Entry) Item {
	ks := db.ks
	if cap(ks.keyBuf) > maxKeyBuf {
		ks.keyBuf = nil
	}
	ks.keyBuf = append(ks.keyBuf[:0], e.Key()...)
	return Item{Entry: e, db: db, key: ks.keyBuf, epoch: db.epoch - 1}
}

// IsExpired tells whether the entry's time has come.
func (ks *Keyspace) IsExpired(e object.Entry) bool {
	return e.HasExpiry() && e.Expiry() <= ks.Now
}

// Due is IsExpired for a command that met the entry on a walk; an entry whose time has come is then deleted, if
// commands delete such keys at all (ExpireOnAccess).
func (db *DB) Due(e object.Entry) bool {
	if !db.ks.IsExpired(e) {
		return false
	}
	if db.ks.ExpireOnAccess {
		it := db.itemOf(e)
		it.deleteExpired()
	}
	return true
}

// expire deletes an item whose time has come, or takes it for absent.
func (it *Item) expire(how Lookup) {
	if it.db.ks.ExpireOnAccess || how&ForWrite != 0 {
		it.deleteExpired()
	}
	it.Entry = 0
}

// deleteExpired deletes the key and tells everybody, in Redis's order.
func (it *Item) deleteExpired() {
	db, ks := it.db, it.db.ks
	if ks.Hooks.Expiring != nil {
		ks.Hooks.Expiring(db.ID, it.Entry)
	}
	it.Delete()
	ks.Notify(Expired, "expired", it.key, db.ID)
	ks.expired(db.ID, it.key)
	if ks.Hooks.Expired != nil {
		ks.Hooks.Expired(db.ID, it.key)
	}
	ks.Stats.Expired++
}

// Stats.ExpiredStale. A slice that found nothing more to do says 0; one that ran out of time looks at a few keys. The
// statistic is a running mean, each slice counting 5%, as Redis's is.

const (
	staleSample = 32
	staleWeight = 0.05
)

func (ks *Keyspace) noteStale(percent float64) {
	ks.Stats.ExpiredStale += (percent - ks.Stats.ExpiredStale) * staleWeight
}

// staleShare estimates the percentage of keys with an expiry whose time has come.
func (db *DB) staleShare() float64 {
	due, volatile := 0, 0
	for range staleSample {
		e := db.Random(rand.Uint64())
		if e == 0 || !e.HasExpiry() {
			continue
		}
		volatile++
		if db.ks.IsExpired(e) {
			due++
		}
	}
	if volatile == 0 {
		return 0
	}
	return 100 * float64(due) / float64(volatile)
}

// sum adds up times: Unix times of many keys in ms, and any up to the largest int64, do not fit into 64 bits.
type sum struct{ hi, lo uint64 }

func (s *sum) add(ms int64) {
	var c uint64
	s.lo, c = bits.Add64(s.lo, uint64(ms), 0)
	s.hi += c
}

func (s *sum) sub(ms int64) {
	var b uint64
	s.lo, b = bits.Sub64(s.lo, uint64(ms), 0)
	s.hi -= b
}

// mean returns the sum divided by n. REQUIRES: n times were added and not subtracted.
func (s *sum) mean(n uint64) int64 {
	q, _ := bits.Div64(s.hi, s.lo, n)
	return int64(q)
}
