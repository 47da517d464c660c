// Package generic holds the commands that work on keys of any type, and those that work on databases as wholes.
//
//	delete.go     DEL, UNLINK, EXISTS, TOUCH, TYPE
//	expire.go     EXPIRE and its kin, PERSIST
//	ttl.go        TTL and its kin
//	rename.go     RENAME, RENAMENX, MOVE, COPY
//	scan.go       KEYS, SCAN, RANDOMKEY
//	object.go     OBJECT
//	dump.go       DUMP, RESTORE
//	migrate.go    MIGRATE
//	sort.go       SORT, SORT_RO: their syntax; sort_run.go sorts, sort_types.go knows the types
//	databases.go  SELECT, SWAPDB, FLUSHDB, FLUSHALL, DBSIZE
//	wait.go       WAIT, WAITAOF
package generic

import (
	"math"

	"granary/internal/command"
	"granary/internal/keyspace"
	"granary/internal/object"
)

// Register adds the family's commands to the table.
func Register(t *command.Table) {
	t.Register(
		specDel, specUnlink, specExists, specTouch, specType,
		specExpire, specPExpire, specExpireAt, specPExpireAt, specPersist,
		specTTL, specPTTL, specExpireTime, specPExpireTime,
		specRename, specRenameNX, specMove, specCopy,
		specKeys, specScan, specRandomKey,
		specObject, specDump, specRestore, specMigrate,
		specSort, specSortRO,
		specSelect, specSwapDB, specFlushDB, specFlushAll, specDBSize,
		specWait, specWaitAOF,
	)
}

// database reads an argument as the index of a database, and answers an error when it is none.
func database(c *command.Ctx, arg []byte) (*keyspace.DB, bool) {
	n, ok := c.Int(arg)
	if !ok {
		return nil, false
	}
	if n < math.MinInt32 || n > math.MaxInt32 {
		c.Out.Error("ERR value is out of range, value must between -2147483648 and 2147483647")
		return nil, false
	}
	dbs := c.Keys().DBs
	if n < 0 || n >= int64(len(dbs)) {
		c.Out.Error(command.ErrDBIndex)
		return nil, false
	}
	return dbs[n], true
}

// index32 reads an argument as a 32-bit integer, with an error of the caller's choice.
func index32(c *command.Ctx, arg []byte, text string) (int, bool) {
	n, ok := object.ParseInt(arg)
	if !ok || n < math.MinInt32 || n > math.MaxInt32 {
		c.Out.Error(text)
		return 0, false
	}
	return int(n), true
}

// boolean answers 1 or 0.
func boolean(c *command.Ctx, yes bool) {
	if yes {
		c.Out.Int(1)
	} else {
		c.Out.Int(0)
	}
}
