package keyspace

import (
	"time"

	"granary/internal/object"
)

// expireStep is the number of keys deleted between two looks at the clock.
const expireStep = 16

// ExpireSlice deletes keys whose time has come, in time order, until none is left or the deadline passes. It reports
// whether none is left. Databases take turns at being first.
func (ks *Keyspace) ExpireSlice(deadline time.Time) bool {
	if !ks.ActiveExpire || !ks.ExpireOnAccess {
		return true
	}
	for i := range ks.DBs {
		db := ks.DBs[(ks.expireFrom+i)%len(ks.DBs)]
		if !db.expireSlice(deadline) {
			ks.expireFrom = (ks.expireFrom + i + 1) % len(ks.DBs)
			ks.Stats.ExpireTimeCaps++
			return false
		}
	}
	return true
}

func (db *DB) expireSlice(deadline time.Time) bool {
	for n := 1; ; n++ {
		pos, r, ok := db.keys.NextExpired(db.ks.Now)
		if !ok {
			return true
		}
		e := object.Entry(r)
		// The key is copied: the hooks are told of it after the entry is gone.
		key := append([]byte(nil), e.Key()...)
		it := Item{Entry: e, db: db, key: key, pos: pos, epoch: db.epoch}
		it.deleteExpired()
		if n%expireStep == 0 && time.Now().After(deadline) {
			return false
		}
	}
}
