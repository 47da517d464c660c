// Package hash holds the large form of a hash: a table of fields, each of them one allocation with its value and, if it
// has one, its time of expiry. The small form, a listpack, has its rules in flat.go.
//
//	Hash{arena, root} -> table (package table) -> field | field | ...
//
// A field (PurposeHashEntry), lengths little endian:
//
//	0       1              1+f            1+f+v
//	+-------+--------------+--------------+--------------+----------+----------+
//	| flags | field length | value length | [expiry:48]  | field    | value    |
//	+-------+--------------+--------------+--------------+----------+----------+
//
//	flags   bit 0      an expiry is present
//	        bits 1-2   bytes of the field length less one: 1, 2 or 4
//	        bits 3-4   bytes of the value length less one: 1, 2 or 4
//	expiry  Unix time in milliseconds
//
// So a field costs 3 bytes beside its text while both lengths are below 256, 6 more with an expiry, and its share of the
// table: 12 + 7 bytes lie in a region of 24, and take 31.5 with the table (TestBytesPerField).
//
// The root of the hash is the root block of its table, which stays where it is and sums up the bytes of the fields. Fields with an expiry need no
// structure of their own: the table keeps its entries in the order of their time (table/expire.go).
package hash

import (
	"encoding/binary"

	"granary/internal/encoding/table"
	"granary/internal/mem"
)

// MaxExpiry is the latest time at which a field can expire: Redis reserves two of the 48 bits of its field times.
const MaxExpiry = 1<<46 - 1

// Field is the place of a field; 0 is no field.
type Field mem.Ref

const (
	flagExpiry = 1 << 0
	nameShift  = 1
	valueShift = 3
	widthMask  = 3

	expiryBytes = 6
	headMost    = 1 + 4 + 4
)

// shape is the sizes of a field's parts, which its first bytes say.
type shape struct {
	flags    byte
	nameLen  int
	valueLen int
	expiryAt int // offset of the expiry, if there is one
	nameAt   int
}

func (s *shape) size() int { return s.nameAt + s.nameLen + s.valueLen }

// width returns the bytes that a length takes, less one.
func width(n int) byte {
	switch {
	case n < 1<<8:
		return 0
	case n < 1<<16:
		return 1
	}
	return 3
}

func shapeOf(nameLen, valueLen int, expiry int64) shape {
	f, v := width(nameLen), width(valueLen)
	s := shape{flags: f<<nameShift | v<<valueShift, nameLen: nameLen, valueLen: valueLen}
	s.expiryAt = 1 + int(f) + 1 + int(v) + 1
	s.nameAt = s.expiryAt
	if expiry != 0 {
		s.flags |= flagExpiry
		s.nameAt += expiryBytes
	}
	return s
}

// shape reads the sizes.
// NB: the smallest field is 8 usable bytes, so byte 8 may lie past it; it is read with two long lengths only.
func (f Field) shape() (s shape) {
	b := mem.Bytes(mem.Ref(f), headMost)
	s.flags = b[0]
	at := 1
	s.nameLen, at = length(b, at, s.flags>>nameShift&widthMask)
	s.valueLen, at = length(b, at, s.flags>>valueShift&widthMask)
	s.expiryAt, s.nameAt = at, at
	if s.flags&flagExpiry != 0 {
		s.nameAt += expiryBytes
	}
	return s
}

func length(b []byte, at int, w byte) (n, next int) {
	switch w {
	case 0:
		return int(b[at]), at + 1
	case 1:
		return int(binary.LittleEndian.Uint16(b[at:])), at + 2
	}
	return int(binary.LittleEndian.Uint32(b[at:])), at + 4
}

func putLength(b []byte, at int, w byte, n int) int {
	switch w {
	case 0:
		b[at] = byte(n)
		return at + 1
	case 1:
		binary.LittleEndian.PutUint16(b[at:], uint16(n))
		return at + 2
	}
	binary.LittleEndian.PutUint32(b[at:], uint32(n))
	return at + 4
}

// put writes everything before the name.
func (s *shape) put(b []byte, expiry int64) {
	b[0] = s.flags
	at := putLength(b, 1, s.flags>>nameShift&widthMask, s.nameLen)
	putLength(b, at, s.flags>>valueShift&widthMask, s.valueLen)
	if s.flags&flagExpiry != 0 {
		put48(b[s.expiryAt:], expiry)
	}
}

// Name returns the name of the field, a view that is valid until the field is changed or deleted.
func (f Field) Name() []byte {
	s := f.shape()
	return mem.Bytes(mem.Ref(f), s.nameAt+s.nameLen)[s.nameAt:]
}

// Value returns the value of the field, a view that is valid until the field is changed or deleted.
func (f Field) Value() []byte {
	s := f.shape()
	return mem.Bytes(mem.Ref(f), s.size())[s.nameAt+s.nameLen:]
}

// Expiry returns the Unix time in ms at which the field expires, 0 when it does not.
func (f Field) Expiry() int64 {
	if mem.Bytes(mem.Ref(f), 1)[0]&flagExpiry == 0 {
		return 0
	}
	s := f.shape()
	return get48(mem.Bytes(mem.Ref(f), s.nameAt)[s.expiryAt:])
}

// Size returns the bytes that were requested for the field.
func (f Field) Size() int {
	s := f.shape()
	return s.size()
}

func nameOf(r mem.Ref) []byte  { return Field(r).Name() }
func expiryOf(r mem.Ref) int64 { return Field(r).Expiry() }

var kind = &table.Kind{Name: "hash", Key: nameOf, Expire: expiryOf, Purpose: mem.PurposeHashTable}

// Hash is a handle to a hash; copies of it are the same hash. The zero Hash is not valid.
type Hash struct {
	arena *mem.Arena
	t     table.Table
}

// New makes an empty hash.
func New(a *mem.Arena) Hash { return Hash{a, table.New(a, kind)} }

// Expect says how many fields will be added through this handle (table.Expect).
func (h *Hash) Expect(n int) { h.t.Expect(n) }

// Open returns the handle of the hash whose root is root.
func Open(a *mem.Arena, root mem.Ref) Hash { return Hash{a, table.Open(a, kind, root)} }

// Root returns what Open takes. It changes only by RelocateRoot.
func (h *Hash) Root() mem.Ref { return h.t.Root() }

// Len returns the number of fields, expired ones that are still there included.
func (h *Hash) Len() int { return h.t.Len() }

// CountExpires returns the number of fields with an expiry.
func (h *Hash) CountExpires() int { return h.t.CountExpires() }

// EarliestExpiry returns a time before which no field expires, false if none ever does.
func (h *Hash) EarliestExpiry() (ms int64, ok bool) { return h.t.EarliestExpire() }

// TableBytes returns the usable bytes of the table and of the order of expiry. Fields are not in it.
func (h *Hash) TableBytes() int64 { return h.t.Bytes() }

// FieldBytes returns the usable bytes of all fields.
func (h *Hash) FieldBytes() int64 { return h.t.Content() }

// ExpireBytes returns the part of TableBytes that keeps the order of expiry (PurposeExpire).
func (h *Hash) ExpireBytes() int64 { return h.t.ExpireBytes() }

// Pos is the place of a field in the hash, valid until its next change.
type Pos = table.Pos

// Find returns a field and its place, 0 if there is none of that name.
func (h *Hash) Find(name []byte) (Pos, Field) {
	p, r := h.t.Find(table.Hash(name), name)
	return p, Field(r)
}

// Get returns a field, 0 if there is none of that name.
func (h *Hash) Get(name []byte) Field {
	_, r := h.t.Find(table.Hash(name), name)
	return Field(r)
}

// Each gives fn every field until it returns false. fn must not change the hash.
func (h *Hash) Each(fn func(Field) bool) {
	h.t.Each(func(r mem.Ref) bool { return fn(Field(r)) })
}

// Scan gives emit the fields of the next bucket and returns the next cursor; it begins and ends with 0. Every field that
// is there all the time is given at least once.
func (h *Hash) Scan(cursor uint64, emit func(Field)) uint64 {
	return h.t.Scan(cursor, func(r mem.Ref) { emit(Field(r)) })
}

// Walk begins a walk through all fields of a hash that does not change meanwhile.
func (h *Hash) Walk() table.Walk { return h.t.Walk() }

// Random returns a field, each as likely as any other for a random r; 0 if there is none.
func (h *Hash) Random(r uint64) Field { return Field(h.t.Random(r)) }

// NextExpired returns the field that expires first, if that is at most now. The caller deletes it.
// NB: it may return 0 while EarliestExpiry is still at most now (table.NextExpired); the next call goes on.
func (h *Hash) NextExpired(now int64) (Pos, Field) {
	p, r, ok := h.t.NextExpired(now)
	if !ok {
		return 0, 0
	}
	return p, Field(r)
}

func get48(b []byte) int64 {
	_ = b[5]
	return int64(b[0]) | int64(b[1])<<8 | int64(b[2])<<16 | int64(b[3])<<24 | int64(b[4])<<32 | int64(b[5])<<40
}

func put48(b []byte, v int64) {
	_ = b[5]
	b[0], b[1], b[2], b[3], b[4], b[5] = byte(v), byte(v>>8), byte(v>>16), byte(v>>24), byte(v>>32), byte(v>>40)
}
