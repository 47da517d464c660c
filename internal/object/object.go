// Package object is the entry: one allocation that holds a key, its header (type, encoding, lru, flags), its expiry
// and its value, or a reference to the value when that does not fit.
//
// Layout of an entry (PurposeEntry and its siblings, by type), offsets in bytes:
//
//	0        1          4        5           6          6+k           6+k(+6)
//	+--------+----------+--------+-----------+----------+-------------+-----------------------------+
//	|enc|type|  lru:24  | flags  | keylen k  |   key    | [expiry:48] | value                       |
//	+--------+----------+--------+-----------+----------+-------------+-----------------------------+
//
//	type      low nibble of byte 0, Redis's numbers (string 0 ... stream 6)
//	enc       high nibble of byte 0, Redis's numbers (raw 0, int 1, embstr 8 ...)
//	lru       LRU clock in seconds, or LFU: 16 bits of minutes, 8 bits of logarithmic counter
//	flags     bit 0 expiry present; bit 1 long key: bytes 5..8 are a uint32 key length, the key starts at 9;
//	          bits 2-4 width of an int value minus one; bit 5 the int is one of the shared pool;
//	          bit 6 the expiry takes 8 bytes; bit 7 a flat value lies in the entry (flat.go)
//	expiry    Unix time in milliseconds, present when bit 0 of flags is set: 48 bits (to the year 10889), or 64 bits
//	          when it lies beyond
//
//	value     int     1..8 bytes, little endian two's complement, as few as the number needs
//	          embstr  1 byte length, then the bytes (at most MaxEmbstr)
//	          flat    a listpack or an intset, in the entry when bit 7 of flags is set
//	          others  a 5-byte mem.Ref to the root block of the value
//
// A raw string's block (PurposeString):
//
//	0          5            10           12
//	+----------+------------+------------+----------------------------+
//	| len:40   | alloc:40   | refs:16    | payload, alloc bytes       |
//	+----------+------------+------------+----------------------------+
//
// refs counts the entry and every reply that is being sent straight from the block. A block with more than one
// reference is never written: whoever wants to change it takes a copy first (as Redis unshares a string).
//
// An entry is changed through the functions here, which return the entry's new place when it moved; the keyspace
// rewrites the one table slot that refers to it. All functions are called under the keyspace lock.
package object

import (
	"encoding/binary"

	"granary/internal/mem"
)

// Entry is the place of an entry; 0 is no entry.
type Entry mem.Ref

// Type is the data type of a value, with the numbers Redis uses.
type Type uint8

// The types. 5 is Redis's module type, which Granary does not have.
const (
	String Type = 0
	List   Type = 1
	Set    Type = 2
	ZSet   Type = 3
	Hash   Type = 4
	Stream Type = 6
)

// entryPurposes is what an entry is booked under, by type.
var entryPurposes = [16]mem.Purpose{
	String: mem.PurposeEntry, List: mem.PurposeEntryList, Set: mem.PurposeEntrySet, ZSet: mem.PurposeEntryZSet,
	Hash: mem.PurposeEntryHash, Stream: mem.PurposeEntryStream,
}

// Purpose returns what the entry is booked under.
func (e Entry) Purpose() mem.Purpose { return entryPurposes[e.Type()&15] }

// String is the type's name as TYPE answers it.
func (t Type) String() string {
	switch t {
	case String:
		return "string"
	case List:
		return "list"
	case Set:
		return "set"
	case ZSet:
		return "zset"
	case Hash:
		return "hash"
	case Stream:
		return "stream"
	}
	return "unknown"
}

// Encoding is how a value is stored, with the numbers Redis uses.
type Encoding uint8

// The encodings.
const (
	Raw        Encoding = 0
	Int        Encoding = 1
	Hashtable  Encoding = 2
	Intset     Encoding = 6
	Skiplist   Encoding = 7
	Embstr     Encoding = 8
	Quicklist  Encoding = 9
	StreamTree Encoding = 10
	Listpack   Encoding = 11
	ListpackEx Encoding = 12
)

// String is the encoding's name as OBJECT ENCODING answers it.
func (e Encoding) String() string {
	switch e {
	case Raw:
		return "raw"
	case Int:
		return "int"
	case Hashtable:
		return "hashtable"
	case Intset:
		return "intset"
	case Skiplist:
		return "skiplist"
	case Embstr:
		return "embstr"
	case Quicklist:
		return "quicklist"
	case StreamTree:
		return "stream"
	case Listpack:
		return "listpack"
	case ListpackEx:
		return "listpackex"
	}
	return "unknown"
}

const (
	flagExpiry    = 1 << 0
	flagLongKey   = 1 << 1
	widthShift    = 2
	widthMask     = 7 << widthShift
	flagSharedInt = 1 << 5
	flagWide      = 1 << 6
	flagEmbedded  = 1 << 7

	headShort = 6 // header before a key of up to 255 bytes
	headLong  = 9 // header before a longer key

	narrowExpiry = 6 // bytes of an expiry of 48 bits
	wideExpiry   = 8
	maxNarrow    = 1<<48 - 1

	refBytes = mem.RefSize

	// EntryHead and RawHead are the bytes before the key of an entry and before the payload of a raw block.
	EntryHead = headShort
	RawHead   = rawHead

	// MaxEmbstr is the largest value an entry can hold in place, whatever string-embstr-max says.
	MaxEmbstr = 255
)

// head returns the first bytes of the entry, enough for the longest header.
// NB: the smallest entry is 8 usable bytes, so byte 8 may lie past it; it is read for long keys only.
func (e Entry) head() []byte { return mem.Bytes(mem.Ref(e), headLong) }

// Type returns the type of the value.
func (e Entry) Type() Type { return Type(e.head()[0] & 15) }

// Encoding returns how the value is stored.
func (e Entry) Encoding() Encoding { return Encoding(e.head()[0] >> 4) }

func (e Entry) setKind(t Type, enc Encoding) { e.head()[0] = byte(t) | byte(enc)<<4 }

// LRU returns the 24 bits of the access clock (LRU seconds or LFU minutes and counter).
func (e Entry) LRU() uint32 { return binary.LittleEndian.Uint32(e.head()) >> 8 }

// SetLRU stores the low 24 bits of clock.
func (e Entry) SetLRU(clock uint32) {
	h := e.head()
	binary.LittleEndian.PutUint32(h, clock<<8|uint32(h[0]))
}

// keySpan returns where the key lies in the entry: its offset and its length.
func (e Entry) keySpan() (off, n int) {
	h := e.head()
	if h[4]&flagLongKey == 0 {
		return headShort, int(h[5])
	}
	return headLong, int(binary.LittleEndian.Uint32(h[5:]))
}

// Key returns the key, a view that is valid until the entry is changed or freed.
func (e Entry) Key() []byte {
	off, n := e.keySpan()
	return mem.Bytes(mem.Ref(e), off+n)[off:]
}

// Key is Entry.Key in the shape that the key table wants.
func Key(r mem.Ref) []byte { return Entry(r).Key() }

// HasExpiry tells whether the entry carries an expiry.
func (e Entry) HasExpiry() bool { return e.head()[4]&flagExpiry != 0 }

// expiryLen returns the bytes the expiry takes: 0, 6 or 8.
func expiryLen(flags byte) int {
	if flags&flagExpiry == 0 {
		return 0
	}
	if flags&flagWide != 0 {
		return wideExpiry
	}
	return narrowExpiry
}

// Expiry returns the Unix time in milliseconds at which the entry expires, 0 when it does not.
func (e Entry) Expiry() int64 {
	flags := e.head()[4]
	n := expiryLen(flags)
	if n == 0 {
		return 0
	}
	off, k := e.keySpan()
	b := mem.Bytes(mem.Ref(e), off+k+n)[off+k:]
	if n == wideExpiry {
		return int64(binary.LittleEndian.Uint64(b))
	}
	return get48(b)
}

// Expiry is Entry.Expiry in the shape that the key table wants.
func Expiry(r mem.Ref) int64 { return Entry(r).Expiry() }

// valueOff returns the offset of the value.
func (e Entry) valueOff() int {
	off, n := e.keySpan()
	return off + n + expiryLen(e.head()[4])
}

// valueLen returns the bytes that the value takes inside the entry; off is its offset.
func (e Entry) valueLen(off int) int {
	h := e.head()
	switch Encoding(h[0] >> 4) {
	case Int:
		return int(h[4]&widthMask)>>widthShift + 1
	case Embstr:
		return 1 + int(mem.Bytes(mem.Ref(e), off+1)[off])
	}
	if h[4]&flagEmbedded != 0 {
		return flatSize(Encoding(h[0]>>4), mem.Bytes(mem.Ref(e), off+flatHead)[off:])
	}
	return refBytes
}

// Size returns the bytes that were requested for the entry's own block.
func (e Entry) Size() int {
	off := e.valueOff()
	return off + e.valueLen(off)
}

// Root returns the root block of a value that lies outside the entry.
// REQUIRES: the encoding is neither Int nor Embstr.
func (e Entry) Root() mem.Ref {
	off := e.valueOff()
	return mem.LoadRef(mem.Bytes(mem.Ref(e), off+refBytes)[off:])
}

// Beyond returns the first block of the value of an entry, in the shape that the key table wants; 0 if the value lies in the entry.
func Beyond(r mem.Ref) mem.Ref {
	e := Entry(r)
	if enc := e.Encoding(); enc == Int || enc == Embstr || flat(enc) && e.Embedded() {
		return 0
	}
	return e.Root()
}

// SetRoot rewrites the reference to the value's root block, after it moved.
// REQUIRES: the encoding is neither Int nor Embstr.
func (e Entry) SetRoot(r mem.Ref) {
	off := e.valueOff()
	mem.PutRef(mem.Bytes(mem.Ref(e), off+refBytes)[off:], r)
}

func get48(b []byte) int64 {
	_ = b[5]
	return int64(b[0]) | int64(b[1])<<8 | int64(b[2])<<16 | int64(b[3])<<24 | int64(b[4])<<32 | int64(b[5])<<40
}

func put48(b []byte, v int64) {
	_ = b[5]
	b[0], b[1], b[2], b[3], b[4], b[5] = byte(v), byte(v>>8), byte(v>>16), byte(v>>24), byte(v>>32), byte(v>>40)
}
