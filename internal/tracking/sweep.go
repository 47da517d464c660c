package tracking

import (
	"granary/internal/encoding/table"
	"granary/internal/mem"
)

// Dead is what keys remember of clients that are gone.
type Dead struct {
	Items int64 // pairs of a key and such a client
	Bytes int64 // usable, that could be given back
	Freed int64 // usable, that were
}

// Sweep looks at a few keys from a cursor on for clients that are not alive, and with act forgets them, and keys that nobody
// else read. It returns the next cursor; it begins and ends with 0.
func (x *Keys) Sweep(cursor uint64, act bool, alive func(client int64) bool) (next uint64, d Dead) {
	if x.keys.Root() == 0 {
		return 0, d
	}
	next = x.keys.Scan(cursor, func(r mem.Ref) {
		k, live := key(r), 0
		k.each(func(client int64) {
			if alive(client) {
				live++
			}
		})
		gone := k.n() - live
		if gone == 0 {
			return
		}
		was, is := int64(mem.Usable(k.size())), int64(0)
		if live > 0 {
			is = int64(mem.Usable(keySize(fitting(live), k.nameLen())))
		}
		d.Items += int64(gone)
		d.Bytes += was - is
		if act && x.forget(k, live, alive) {
			x.items -= gone
			d.Freed += was - is
		}
	})
	x.shut()
	return next, d
}

// fitting returns the log2 of the room for n clients.
func fitting(n int) (log2 uint) {
	for log2 <= listMax && n > 1<<log2 || log2 > listMax && 4*n > 3<<log2 {
		log2++
	}
	return log2
}

// forget takes the clients out of a key that are not alive, so that live are left. It does nothing, and returns false, if
// there is no memory for the smaller block.
func (x *Keys) forget(k key, live int, alive func(client int64) bool) (done bool) {
	pos, _ := x.keys.Find(table.Hash(k.name()), k.name())
	if live == 0 {
		x.keys.Delete(pos)
		x.free(k)
		return true
	}
	defer func() {
		if e := recover(); e != nil && e != error(mem.ErrOutOfMemory) {
			panic(e)
		}
	}()
	to := x.newKey(fitting(live), k.name())
	k.each(func(client int64) {
		if alive(client) {
			to.add(client)
		}
	})
	x.keys.Replace(pos, mem.Ref(to))
	x.free(k)
	return true
}
