// Package tracking knows who caches what, for client-side caching: which clients read which keys, and which clients want to
// hear of all keys with a prefix, together with the keys that changed since they were last told. It knows clients by their
// number and sends nothing; internal/command does.
//
// Everything lies in the arena, under PurposeTracking. A key that somebody read is one block, which holds the clients, too:
// as a list while there are few, as a set with open addressing when there are more.
//
//	Keys               keys that were read, by name
//	  key              | n:32 | length:32 | log2 cap:8 | cap clients of 64 | name ...          9 + 8 cap and the name
//	Prefixes           prefixes, by name
//	  prefix           | n:32 | first Ref | last Ref | changed Ref | lost:8 | length:32 | name ...    24 and the name
//	    membership     | client:64 | prefix Ref | next Ref | previous Ref | mine Ref |          28 bytes
//	    changed        keys that changed, by name, while there are any
//	      change       | client:64 | length:32 | name ...                                       12 and the name
//	Set (one client)   the first of its memberships, which are a list
//
// Databases have no part in this: a key of one name is one key, as Redis has it.
//
// A key that somebody read is forgotten when it changes. A client that goes away stays where it is until then; so its end
// costs nothing, however much it read. Prefixes a client leaves when it goes.
//
//	tracking.go   Keys
//	prefixes.go   Prefixes
//	check.go      invariants
package tracking

import (
	"encoding/binary"

	"granary/internal/encoding/table"
	"granary/internal/mem"
)

// Offsets in a key.
const (
	keyCount = 0
	keyLen   = 4
	keyCap   = 8
	keyHead  = 9 // the clients begin here
)

// listMax is the log2 of the most clients that are a list.
const listMax = 2

var keyKind = table.Kind{Name: "tracked", Key: keyName, Purpose: mem.PurposeTracking}

// key is the block of a key that somebody read.
type key mem.Ref

func (k key) head() []byte { return mem.Bytes(mem.Ref(k), keyHead) }
func (k key) n() int       { return int(binary.LittleEndian.Uint32(k.head()[keyCount:])) }
func (k key) setN(n int)   { binary.LittleEndian.PutUint32(k.head()[keyCount:], uint32(n)) }
func (k key) log2() uint   { return uint(k.head()[keyCap]) }
func (k key) cap() int     { return 1 << k.log2() }
func (k key) nameLen() int { return int(binary.LittleEndian.Uint32(k.head()[keyLen:])) }
func (k key) size() int    { return keySize(k.log2(), k.nameLen()) }
func (k key) ids() []byte  { return mem.Bytes(mem.Ref(k), keyHead+8<<k.log2())[keyHead:] }
func (k key) at(i int) int64 {
	return int64(binary.LittleEndian.Uint64(k.ids()[8*i:]))
}

func (k key) put(i int, client int64) {
	binary.LittleEndian.PutUint64(k.ids()[8*i:], uint64(client))
}

func (k key) name() []byte {
	n := k.size()
	return mem.Bytes(mem.Ref(k), n)[keyHead+8<<k.log2() : n : n]
}

func keyName(r mem.Ref) []byte { return key(r).name() }

func keySize(log2 uint, name int) int { return keyHead + 8<<log2 + name }

// find returns the place of a client, or where it has to go; has tells which.
// REQUIRES: there is room for one client more.
func (k key) find(client int64) (i int, has bool) {
	n := k.n()
	if k.log2() <= listMax {
		for i = range n {
			if k.at(i) == client {
				return i, true
			}
		}
		return n, false
	}
	mask := k.cap() - 1
	for i = int(uint64(client) * 0x9e3779b97f4a7c15 >> (64 - k.log2())); ; i = (i + 1) & mask {
		switch k.at(i) {
		case client:
			return i, true
		case 0:
			return i, false
		}
	}
}

// full reports whether one client more needs a larger block.
func (k key) full() bool {
	if k.log2() <= listMax {
		return k.n() == k.cap()
	}
	return 4*(k.n()+1) > 3*k.cap()
}

// holds is find for a block that may be full.
func (k key) holds(client int64) bool {
	if k.log2() > listMax || !k.full() {
		_, has := k.find(client)
		return has
	}
	for i := range k.n() {
		if k.at(i) == client {
			return true
		}
	}
	return false
}

func (k key) add(client int64) {
	i, _ := k.find(client)
	k.put(i, client)
	k.setN(k.n() + 1)
}

// each gives fn the clients.
func (k key) each(fn func(client int64)) {
	for i := range k.cap() {
		if c := k.at(i); c != 0 {
			fn(c)
		}
	}
}

// Keys is which clients read which keys. Like its arena it is used by one goroutine at a time.
type Keys struct {
	arena *mem.Arena
	keys  table.Table   // Root 0: none
	items int           // pairs of a key and a client
	dying []table.Table // given back in slices
}

// NewKeys returns an empty Keys, which takes no memory.
func NewKeys(a *mem.Arena) *Keys { return &Keys{arena: a} }

// Len returns the number of keys.
func (x *Keys) Len() int {
	if x.keys.Root() == 0 {
		return 0
	}
	return x.keys.Len()
}

// Items returns the number of pairs of a key and a client that read it.
func (x *Keys) Items() int { return x.items }

// newKey returns a key without clients.
func (x *Keys) newKey(log2 uint, name []byte) key {
	size := keySize(log2, len(name))
	k := key(x.arena.Alloc(size, mem.PurposeTracking))
	b := mem.Bytes(mem.Ref(k), size)
	clear(b[:size-len(name)])
	binary.LittleEndian.PutUint32(b[keyLen:], uint32(len(name)))
	b[keyCap] = byte(log2)
	copy(b[size-len(name):], name)
	return k
}

func (x *Keys) free(k key) { x.arena.Free(mem.Ref(k), k.size(), mem.PurposeTracking) }

// Remember notes that a client read a key. After a panic with mem.ErrOutOfMemory nothing has changed.
// REQUIRES: client is not 0.
func (x *Keys) Remember(name []byte, client int64) {
	h := table.Hash(name)
	if x.keys.Root() != 0 {
		if pos, r := x.keys.Find(h, name); r != 0 {
			x.addTo(pos, key(r), client)
			return
		}
	}
	k := x.newKey(0, name)
	done := false
	defer func() {
		if !done {
			x.free(k)
			x.shut()
		}
	}()
	if x.keys.Root() == 0 {
		x.keys = table.New(x.arena, &keyKind)
	}
	x.keys.Insert(h, mem.Ref(k))
	done = true
	k.add(client)
	x.items++
}

// addTo adds a client to a key that is there.
func (x *Keys) addTo(pos table.Pos, k key, client int64) {
	if k.holds(client) {
		return
	}
	if k.full() {
		to := x.newKey(k.log2()+1, k.name())
		k.each(to.add)
		x.keys.Replace(pos, mem.Ref(to))
		x.free(k)
		k = to
	}
	k.add(client)
	x.items++
}

// Take forgets a key and gives fn each client that read it. fn must not change x; name is valid during the call.
func (x *Keys) Take(name []byte, fn func(name []byte, client int64)) {
	if x.keys.Root() == 0 {
		return
	}
	if pos, r := x.keys.Find(table.Hash(name), name); r != 0 {
		x.take(pos, key(r), fn)
	}
}

// TakeRandom is Take for a key chosen by r, if there is any.
func (x *Keys) TakeRandom(r uint64, fn func(name []byte, client int64)) {
	if x.Len() == 0 {
		return
	}
	pos, k := x.keys.RandomPos(r)
	x.take(pos, key(k), fn)
}

func (x *Keys) take(pos table.Pos, k key, fn func(name []byte, client int64)) {
	x.keys.Delete(pos)
	x.items -= k.n()
	k.each(func(client int64) { fn(k.name(), client) })
	x.free(k)
	x.shut()
}

// shut gives an empty table back.
func (x *Keys) shut() {
	if x.keys.Root() != 0 && x.keys.Len() == 0 {
		x.keys.Free(nil)
		x.keys = table.Table{}
	}
}

// Clear forgets all keys. FreeSlice gives their memory back.
func (x *Keys) Clear() {
	if x.keys.Root() != 0 {
		x.dying = append(x.dying, x.keys)
		x.keys, x.items = table.Table{}, 0
	}
}

// FreeSlice frees about n keys of what Clear left behind, and reports whether nothing is left of it.
func (x *Keys) FreeSlice(n int) (done bool) {
	if len(x.dying) == 0 {
		return true
	}
	last := len(x.dying) - 1
	if x.dying[last].FreeSlice(n, func(r mem.Ref) { x.free(key(r)) }) {
		x.dying = x.dying[:last]
	}
	return len(x.dying) == 0
}
