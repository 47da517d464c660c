package keyspace

import (
	"fmt"

	"granary/internal/encoding/table"
	"granary/internal/mem"
	"granary/internal/object"
)

// Check walks all databases and reports the first broken invariant. It reads every entry.
func (ks *Keyspace) Check() error {
	for _, db := range ks.DBs {
		if err := db.Check(); err != nil {
			return fmt.Errorf("database %d: %w", db.ID, err)
		}
	}
	return ks.checkPrefixes()
}

// Check walks a database and reports the first broken invariant.
func (db *DB) Check() error {
	if db.keys.Root() == 0 {
		if db.ttls != (sum{}) {
			return fmt.Errorf("keyspace: no keys, but expiries add up to %v", db.ttls)
		}
		return nil
	}
	if err := db.keys.Check(); err != nil {
		return err
	}
	var ttls sum
	var err error
	marked := 0
	db.Each(func(e object.Entry) bool {
		ttls.add(e.Expiry())
		if e.HasFields() {
			marked++
			if db.fields.Root() == 0 {
				err = fmt.Errorf("keyspace: key %.64q is marked and no hash is listed", e.Key())
				return false
			}
			if _, ok := db.fields.FindEntry(table.Hash(e.Key()), mem.Ref(e)); !ok {
				err = fmt.Errorf("keyspace: key %.64q is marked and not among the hashes with fields that expire", e.Key())
				return false
			}
		} else if e.Type() == object.Hash && e.FieldExpiry() != 0 {
			err = fmt.Errorf("keyspace: key %.64q has fields that expire and is not marked", e.Key())
			return false
		}
		err = e.Check()
		return err == nil
	})
	if err != nil {
		return err
	}
	if marked != db.SubExpires() {
		return fmt.Errorf("keyspace: %d hashes have fields that expire, %d are listed", marked, db.SubExpires())
	}
	if db.fields.Root() != 0 {
		fields := table.Open(db.ks.Arena, fieldsChecked, db.fields.Root())
		if err := fields.Check(); err != nil {
			return fmt.Errorf("fields: %w", err)
		}
	}
	if ttls != db.ttls {
		return fmt.Errorf("keyspace: expiries add up to %v, the sum says %v", ttls, db.ttls)
	}
	return nil
}

// fieldsChecked is fieldsKind with the true time of the first field. What a hash tells otherwise is a bound, which may be
// earlier than the one that the table of hashes knows, where the field that it comes from is gone.
var fieldsChecked = &table.Kind{
	Name:    fieldsKind.Name,
	Key:     fieldsKind.Key,
	Expire:  object.FirstField,
	Purpose: fieldsKind.Purpose,
}
