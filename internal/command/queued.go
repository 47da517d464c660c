package command

import (
	"encoding/binary"

	"granary/internal/mem"
)

// A command that is kept: queued in a transaction, or an effect that is held back. It is one block of the keyspace's arena
// (PurposeMulti), numbers little endian:
//
//	0        5             9                17
//	+--------+-------------+----------------+----------+-------+----------+-------+---
//	| next   | command ID  | size of block  | length 0 | bytes | length 1 | bytes | ...
//	+--------+-------------+----------------+----------+-------+----------+-------+---
//
// next is the Ref of the command queued after it, lengths are variable-length integers of 7 bits a byte.
const (
	queuedNextOff = 0
	queuedIDOff   = mem.RefSize
	queuedSizeOff = queuedIDOff + 4
	queuedHead    = queuedSizeOff + 8
)

// newQueued copies a command. It may panic with mem.ErrOutOfMemory.
func newQueued(a *mem.Arena, id int, args [][]byte) mem.Ref {
	size := queuedHead
	for _, arg := range args {
		size += uvarintLen(len(arg)) + len(arg)
	}
	r := a.Alloc(size, mem.PurposeMulti)
	b := mem.Bytes(r, size)
	mem.PutRef(b[queuedNextOff:], 0)
	binary.LittleEndian.PutUint32(b[queuedIDOff:], uint32(id))
	binary.LittleEndian.PutUint64(b[queuedSizeOff:], uint64(size))
	at := queuedHead
	for _, arg := range args {
		at += binary.PutUvarint(b[at:], uint64(len(arg)))
		at += copy(b[at:], arg)
	}
	return r
}

func uvarintLen(n int) int {
	k := 1
	for ; n >= 0x80; n >>= 7 {
		k++
	}
	return k
}

func queuedSize(r mem.Ref) int {
	return int(binary.LittleEndian.Uint64(mem.Bytes(r, queuedHead)[queuedSizeOff:]))
}

func queuedID(r mem.Ref) int {
	return int(binary.LittleEndian.Uint32(mem.Bytes(r, queuedHead)[queuedIDOff:]))
}

func queuedNext(r mem.Ref) mem.Ref { return mem.LoadRef(mem.Bytes(r, queuedHead)[queuedNextOff:]) }

func setQueuedNext(r, next mem.Ref) { mem.PutRef(mem.Bytes(r, queuedHead)[queuedNextOff:], next) }

// appendQueued appends the arguments, which are valid until the command is freed.
func appendQueued(dst [][]byte, r mem.Ref) [][]byte {
	b := mem.Bytes(r, queuedSize(r))
	for at := queuedHead; at < len(b); {
		n, k := binary.Uvarint(b[at:])
		at += k
		end := at + int(n)
		dst = append(dst, b[at:end:end])
		at = end
	}
	return dst
}

func freeQueued(a *mem.Arena, r mem.Ref) { a.Free(r, queuedSize(r), mem.PurposeMulti) }
