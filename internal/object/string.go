package object

import (
	"encoding/binary"
	"strconv"

	"granary/internal/encoding/decimal"
	"granary/internal/mem"
)

// StringLimits are the settings that decide how a string is stored.
type StringLimits struct {
	Embstr int  // longest value held inside the entry (string-embstr-max)
	Shared bool // small integers may be taken from the shared pool
}

// SharedInts is the size of the pool of shared integers, 0..9999.
const SharedInts = 10000

// sharedRefs counts, for each number of the pool, the entries that refer to it.
// OWNS: guarded by the keyspace lock, as entries are.
var sharedRefs [SharedInts]uint32

// SharedRefs returns how many entries refer to the shared integer n.
func SharedRefs(n int64) uint32 { return sharedRefs[n] }

const (
	rawLenOff   = 0
	rawAllocOff = 5
	rawRefsOff  = 10
	rawHead     = 12

	// RawPayload is the offset of the bytes in a raw string's block.
	RawPayload = rawHead

	// MaxRawRefs is the most references a raw string's block can count.
	MaxRawRefs = rawLoose - 1

	// rawLoose is the bit of the references that says that no key has the block.
	rawLoose = 1 << 15

	// maxPrealloc is the most that growing a string allocates ahead (SDS_MAX_PREALLOC).
	maxPrealloc = 1 << 20

	// maxIntLen is the longest text that can be an int value ("-9223372036854775808").
	maxIntLen = 20
)

// shape is how a string is about to be stored: exactly one of the three.
type shape struct {
	enc   Encoding
	num   int64   // Int
	bytes []byte  // Embstr and Raw
	block mem.Ref // Raw: the block that has the bytes already, 0: one has to be made
}

// shapeOf decides how a new value is stored, as SET does: a number as int, a short text inside the entry, the
// rest in a block of its own.
func shapeOf(val []byte, lim StringLimits) shape {
	if len(val) <= maxIntLen {
		if n, ok := ParseInt(val); ok {
			return shape{enc: Int, num: n}
		}
	}
	if len(val) <= lim.Embstr {
		return shape{enc: Embstr, bytes: val}
	}
	return shape{enc: Raw, bytes: val}
}

func (s *shape) inEntry() int {
	switch s.enc {
	case Int:
		return intWidth(s.num)
	case Embstr:
		return 1 + len(s.bytes)
	}
	return refBytes
}

// intWidth returns how many bytes of two's complement n needs, 1..8.
func intWidth(n int64) int {
	w := 1
	for n < -128 || n > 127 {
		n >>= 8
		w++
	}
	return w
}

// NewString allocates an entry with a string value, stored as SET stores it. expiry is a Unix time in ms, 0 for
// none; clock goes to the lru field.
func NewString(a *mem.Arena, key, val []byte, expiry int64, clock uint32, lim StringLimits) Entry {
	s := shapeOf(val, lim)
	return newString(a, key, &s, expiry, clock, lim)
}

// NewInt allocates an entry with an int value.
func NewInt(a *mem.Arena, key []byte, n, expiry int64, clock uint32, lim StringLimits) Entry {
	s := shape{enc: Int, num: n}
	return newString(a, key, &s, expiry, clock, lim)
}

// NewText allocates an entry with a string value that is not looked at for a number, as INCRBYFLOAT and RESTORE
// of a text store it: embstr when short, raw otherwise.
func NewText(a *mem.Arena, key, val []byte, expiry int64, clock uint32, lim StringLimits) Entry {
	s := textShape(val, lim)
	return newString(a, key, &s, expiry, clock, lim)
}

func textShape(val []byte, lim StringLimits) shape {
	if len(val) <= lim.Embstr {
		return shape{enc: Embstr, bytes: val}
	}
	return shape{enc: Raw, bytes: val}
}

// NewRaw allocates an entry whose string value is a raw block of n zero bytes, whatever its length, as SETRANGE and
// SETBIT make it.
func NewRaw(a *mem.Arena, key []byte, n int, expiry int64, clock uint32) Entry {
	block := newRawBlock(a, n, n)
	clear(rawPayload(block, n))
	e := newEntry(a, key, String, Raw, refBytes, expiry, clock, block)
	e.SetRoot(block)
	return e
}

// NewFromBlock allocates an entry for a raw block that InitRaw made.
// OWNS: block, which is given back if memory is out.
func NewFromBlock(a *mem.Arena, key []byte, block mem.Ref, expiry int64, clock uint32) Entry {
	s := shape{enc: Raw, block: block}
	return newString(a, key, &s, expiry, clock, StringLimits{})
}

// NewRooted allocates an entry for a value of any type whose root block is root.
func NewRooted(a *mem.Arena, key []byte, t Type, enc Encoding, root mem.Ref, expiry int64, clock uint32) Entry {
	e := newEntry(a, key, t, enc, refBytes, expiry, clock, 0)
	e.SetRoot(root)
	return e
}

func newString(a *mem.Arena, key []byte, s *shape, expiry int64, clock uint32, lim StringLimits) Entry {
	block := s.block
	if s.enc == Raw && block == 0 {
		block = newRawBlock(a, len(s.bytes), len(s.bytes))
		copy(rawPayload(block, len(s.bytes)), s.bytes)
	}
	e := newEntry(a, key, String, s.enc, s.inEntry(), expiry, clock, block)
	e.putShape(e.valueOff(), s, block, lim)
	return e
}

// newEntry allocates an entry with room for valueLen bytes of value, which it leaves unset. When memory is out, the raw
// block that was made for it (0: none) is given back.
func newEntry(a *mem.Arena, key []byte, t Type, enc Encoding, valueLen int, expiry int64, clock uint32, block mem.Ref) Entry {
	head, flags := headShort, byte(0)
	if len(key) > 255 {
		head, flags = headLong, flagLongKey
	}
	if expiry != 0 {
		flags |= flagExpiry
		if uint64(expiry) > maxNarrow {
			flags |= flagWide
		}
	}
	size := entrySize(key, expiry) + valueLen
	r := allocOrFree(a, size, block, entryPurposes[t&15])
	b := mem.Bytes(r, size)
	binary.LittleEndian.PutUint32(b, clock<<8|uint32(t)|uint32(enc)<<4)
	b[4] = flags
	if flags&flagLongKey == 0 {
		b[5] = byte(len(key))
	} else {
		binary.LittleEndian.PutUint32(b[5:], uint32(len(key)))
	}
	copy(b[head:], key)
	if expiry != 0 {
		putExpiry(b[head+len(key):], expiry, flags)
	}
	return Entry(r)
}

func putExpiry(b []byte, at int64, flags byte) {
	if flags&flagWide != 0 {
		binary.LittleEndian.PutUint64(b, uint64(at))
	} else {
		put48(b, at)
	}
}

// putShape writes the value into the entry at off, which has room for it; block is the raw block for a raw shape.
func (e Entry) putShape(off int, s *shape, block mem.Ref, lim StringLimits) {
	n := s.inEntry()
	b := mem.Bytes(mem.Ref(e), off+n)
	flags := b[4] &^ (widthMask | flagSharedInt)
	switch s.enc {
	case Int:
		v := uint64(s.num)
		for i := off; i < off+n; i++ {
			b[i] = byte(v)
			v >>= 8
		}
		flags |= byte(n-1) << widthShift
		if lim.Shared && uint64(s.num) < SharedInts {
			flags |= flagSharedInt
			sharedRefs[s.num]++
		}
	case Embstr:
		b[off] = byte(len(s.bytes))
		copy(b[off+1:], s.bytes)
	default:
		mem.PutRef(b[off:], block)
	}
	b[4] = flags
	e.setKind(String, s.enc)
}

// SetString gives the entry a new string value, stored as SET stores it, whatever it held before; key, lru and
// expiry stay. It returns the entry's place, which changes when the new value needs another size class.
// REQUIRES: what the entry held before is a string, and val is no view of it.
func SetString(a *mem.Arena, e Entry, val []byte, lim StringLimits) Entry {
	s := shapeOf(val, lim)
	return setShape(a, e, &s, lim)
}

// SetBlock is SetString for a raw block that InitRaw made.
// OWNS: block, which is given back if memory is out.
func SetBlock(a *mem.Arena, e Entry, block mem.Ref) Entry {
	s := shape{enc: Raw, block: block}
	return setShape(a, e, &s, StringLimits{})
}

// SetInt gives the entry a new int value.
func SetInt(a *mem.Arena, e Entry, n int64, lim StringLimits) Entry {
	s := shape{enc: Int, num: n}
	return setShape(a, e, &s, lim)
}

// SetText gives the entry a new string value that is not looked at for a number.
func SetText(a *mem.Arena, e Entry, val []byte, lim StringLimits) Entry {
	s := textShape(val, lim)
	return setShape(a, e, &s, lim)
}

// setShape replaces a string value by another.
// NB: everything is allocated before anything is changed, so running out of memory leaves the entry as it was.
func setShape(a *mem.Arena, e Entry, s *shape, lim StringLimits) Entry {
	off := e.valueOff()
	old, n := off+e.valueLen(off), off+s.inEntry()
	block := s.block
	if s.enc == Raw && block == 0 {
		if e.Encoding() == Raw && rewriteRaw(a, e.Root(), s.bytes) {
			return e
		}
		block = newRawBlock(a, len(s.bytes), len(s.bytes))
		copy(rawPayload(block, len(s.bytes)), s.bytes)
	}
	held := e.held(off)
	// Fast path: the same size class, the value is rewritten in place.
	if old == n || a.ResizeInPlace(mem.Ref(e), old, n, mem.PurposeEntry) {
		held.release(a)
		e.putShape(off, s, block, lim)
		return e
	}
	moved := Entry(allocOrFree(a, n, block, mem.PurposeEntry))
	copy(mem.Bytes(mem.Ref(moved), off), mem.Bytes(mem.Ref(e), off))
	held.release(a)
	a.Free(mem.Ref(e), old, mem.PurposeEntry)
	moved.putShape(off, s, block, lim)
	return moved
}

// holding is what a string value holds outside the entry.
type holding struct {
	block  mem.Ref // of a raw string, 0: none
	shared int64   // number of the shared pool, negative: none
}

// held reads what the string value at off holds outside the entry. It is read before the entry is resized: bytes beyond
// the new size may be lost.
func (e Entry) held(off int) holding {
	switch e.Encoding() {
	case Raw:
		return holding{mem.LoadRef(mem.Bytes(mem.Ref(e), off+refBytes)[off:]), -1}
	case Int:
		if e.head()[4]&flagSharedInt != 0 {
			return holding{0, e.intAt(off)}
		}
	}
	return holding{0, -1}
}

// release gives it up.
func (h holding) release(a *mem.Arena) {
	if h.block != 0 {
		dropRaw(a, h.block)
	}
	if h.shared >= 0 {
		sharedRefs[h.shared]--
	}
}

// SetExpiry sets the expiry to a Unix time in ms, or removes it (0), and returns the entry's place.
func SetExpiry(a *mem.Arena, e Entry, at int64) Entry {
	keyOff, k := e.keySpan()
	flags := e.head()[4]
	was := expiryLen(flags)
	flags &^= flagExpiry | flagWide
	if at != 0 {
		flags |= flagExpiry
		if uint64(at) > maxNarrow {
			flags |= flagWide
		}
	}
	is := expiryLen(flags)
	at0 := keyOff + k
	if was != is {
		vlen := e.valueLen(at0 + was)
		old, n := at0+was+vlen, at0+is+vlen
		switch {
		case n > old && a.ResizeInPlace(mem.Ref(e), old, n, e.Purpose()):
			b := mem.Bytes(mem.Ref(e), n)
			copy(b[at0+is:], b[at0+was:old])
		case n < old && mem.Usable(n) == mem.Usable(old):
			b := mem.Bytes(mem.Ref(e), old)
			copy(b[at0+is:], b[at0+was:])
			a.ResizeInPlace(mem.Ref(e), old, n, e.Purpose())
		default:
			moved := a.Alloc(n, e.Purpose())
			from, to := mem.Bytes(mem.Ref(e), old), mem.Bytes(moved, n)
			copy(to, from[:at0])
			copy(to[at0+is:], from[at0+was:])
			a.Free(mem.Ref(e), old, e.Purpose())
			e = Entry(moved)
		}
	}
	b := mem.Bytes(mem.Ref(e), at0+is)
	b[4] = flags
	if at != 0 {
		putExpiry(b[at0:], at, flags)
	}
	return e
}

// Rekey returns a new entry with the value, expiry and lru of e under another key. What lies outside the entries is
// now referred to by both: the caller gives up one of the two with FreeEntry.
func Rekey(a *mem.Arena, e Entry, key []byte) Entry {
	off := e.valueOff()
	vlen := e.valueLen(off)
	r := newEntry(a, key, e.Type(), e.Encoding(), vlen, e.Expiry(), e.LRU(), 0)
	to := r.valueOff()
	copy(mem.Bytes(mem.Ref(r), to+vlen)[to:], mem.Bytes(mem.Ref(e), off+vlen)[off:])
	r.head()[4] |= e.head()[4] & (widthMask | flagSharedInt | flagEmbedded)
	return r
}

// CopyString returns a new entry under key with a copy of e's string value in the same encoding (COPY, and the
// duplicate that Redis's dupStringObject makes).
func CopyString(a *mem.Arena, e Entry, key []byte, expiry int64, clock uint32, lim StringLimits) Entry {
	if e.Encoding() == Int {
		return NewInt(a, key, e.Int(), expiry, clock, lim)
	}
	var buf [maxIntLen]byte
	s := shape{enc: e.Encoding(), bytes: e.Text(&buf)}
	return newString(a, key, &s, expiry, clock, lim)
}

// FreeString frees a string entry with all it holds.
func FreeString(a *mem.Arena, e Entry) {
	off := e.valueOff()
	n := off + e.valueLen(off)
	e.held(off).release(a)
	a.Free(mem.Ref(e), n, mem.PurposeEntry)
}

// FreeEntry frees the entry's own block only; its value has been moved or released.
func FreeEntry(a *mem.Arena, e Entry) { a.Free(mem.Ref(e), e.Size(), e.Purpose()) }

// Int returns the number of an int value. REQUIRES: Encoding() == Int.
func (e Entry) Int() int64 { return e.intAt(e.valueOff()) }

func (e Entry) intAt(off int) int64 {
	w := int(e.head()[4]&widthMask)>>widthShift + 1
	b := mem.Bytes(mem.Ref(e), off+w)[off:]
	v := int64(int8(b[w-1]))
	for i := w - 2; i >= 0; i-- {
		v = v<<8 | int64(b[i])
	}
	return v
}

// IsSharedInt tells whether the value is one of the shared pool.
func (e Entry) IsSharedInt() bool {
	h := e.head()
	return h[4]&flagSharedInt != 0 && Encoding(h[0]>>4) == Int
}

// Text returns the bytes of a string value: a view of the entry or its raw block, valid until the entry is changed or
// freed, or the digits of an int in scratch.
func (e Entry) Text(scratch *[maxIntLen]byte) []byte {
	off := e.valueOff()
	switch e.Encoding() {
	case Int:
		return strconv.AppendInt(scratch[:0], e.intAt(off), 10)
	case Embstr:
		n := int(mem.Bytes(mem.Ref(e), off+1)[off])
		return mem.Bytes(mem.Ref(e), off+1+n)[off+1:]
	}
	return RawBytes(e.Root())
}

// Scratch is room for the digits of any int value, for Text.
type Scratch = [maxIntLen]byte

// TextLen returns the length of a string value.
func (e Entry) TextLen() int {
	off := e.valueOff()
	switch e.Encoding() {
	case Int:
		return digits(e.intAt(off))
	case Embstr:
		return int(mem.Bytes(mem.Ref(e), off+1)[off])
	}
	return rawLen(e.Root())
}

// ParseInt reads the text of an int value; package decimal has the rule.
func ParseInt(b []byte) (int64, bool) { return decimal.ParseInt(b) }

// digits returns the length of n in decimal.
func digits(n int64) int { return decimal.Len(n) }
