// Package listpack is the flat encoding of small collections: a run of strings and integers in one piece of memory,
// byte for byte what Redis keeps, so RDB files and DUMP carry it as it is.
//
// # The layout
//
//	0        4       6                                total
//	| total  | count | entry | entry | ...     | 0xFF |       all little endian
//
//	total  bytes from the first to the 0xFF, both included
//	count  number of entries; 65535: unknown, Len walks
//
// An entry is an encoding, the data, and the length of both once more, so that it can be walked backwards:
//
//	| encoding | data | backlen |
//
//	0vvvvvvv                     integer 0..127
//	10nnnnnn  data               string of n < 64 bytes
//	110vvvvv vvvvvvvv            integer of 13 bits, two's complement
//	1110nnnn nnnnnnnn  data      string of n < 4096 bytes
//	0xF0  n:32  data             string of n bytes
//	0xF1  v:16                   integers of 16, 24, 32 and 64 bits
//	0xF2  v:24
//	0xF3  v:32
//	0xF4  v:64
//	0xFF                         the end
//
// The backlen has 7 bits per byte, the lowest in the last byte; a byte whose top bit is set has another before it.
// It takes 1 byte up to 127, 2 below 16383, 3 below 2097151, 4 below 268435455, else 5. (The first bound is meant
// inclusively and the others are not; that is a slip of the format's inventor which everybody has to repeat.)
//
// A text that is an integer by the rule of package decimal is always stored as one, in the smallest form.
//
// # Who owns the memory
//
// A Listpack is a view of storage that its owner keeps, and this package never allocates. A change that needs more
// room works in place in the capacity of the slice: the owner asks by how many bytes it will grow, resizes its
// storage, changes, and keeps the returned slice (of which only the length is new).
//
//	e := listpack.Of(text)
//	lp = owner.grow(lp, e.Size())     // same bytes, cap(lp) >= len(lp) + e.Size()
//	lp = lp.Append(e)
//
// Replacing grows by ReplaceDelta, deleting by minus EntrySize or RangeSize, merging by MergeDelta.
//
// Positions are byte offsets, valid until the next change. 0 is no position: it is what a walk ends with.
//
//	for p := lp.First(); p != 0; p = lp.Next(p) { ... lp.Get(p) ... }     // Read does both at once
//
// Everything but Validate, ZiplistSize and ZipmapSize trusts its bytes; bytes from outside pass those first.
package listpack

import "encoding/binary"

// Listpack is a listpack in its owner's storage; its length is the total of the header.
type Listpack []byte

const (
	// EmptySize is the size of a listpack without entries.
	EmptySize = headerSize + 1

	// MaxSafeSize is how far a listpack may grow: commands refuse what would pass it.
	MaxSafeSize = 1 << 30

	headerSize   = 6
	countUnknown = 1<<16 - 1
	end          = 0xFF
)

// New makes an empty listpack in the storage of b.
//
// REQUIRES: cap(b) >= EmptySize.
func New(b []byte) Listpack {
	return Listpack(AppendEmpty(b[:0:cap(b)]))
}

// AppendEmpty appends an empty listpack to dst.
func AppendEmpty(dst []byte) []byte {
	return append(dst, EmptySize, 0, 0, 0, 0, 0, end)
}

// Open returns the listpack that begins at b[0]; b may be longer, and its capacity is room to grow.
//
// REQUIRES: b holds a listpack that was made here or passed Validate.
func Open(b []byte) Listpack {
	return Listpack(b[:binary.LittleEndian.Uint32(b)])
}

// Bytes returns the bytes of the listpack, valid as long as the listpack's storage.
func (lp Listpack) Bytes() []byte { return lp }

// CanGrow reports whether add more bytes keep the listpack within MaxSafeSize.
func (lp Listpack) CanGrow(add int) bool { return len(lp)+add <= MaxSafeSize }

// count returns the count of the header.
func (lp Listpack) count() int { return int(binary.LittleEndian.Uint16(lp[4:])) }

// setCount writes the count of the header.
func (lp Listpack) setCount(n int) {
	binary.LittleEndian.PutUint16(lp[4:], uint16(min(n, countUnknown)))
}

// addCount adds n to a known count. A count that becomes too large is unknown from then on.
func (lp Listpack) addCount(n int) {
	if c := lp.count(); c != countUnknown {
		lp.setCount(c + n)
	}
}

// Len returns the number of entries. A listpack of more than 65534 entries is walked; if it has become shorter, the
// count is known again afterwards.
func (lp Listpack) Len() int {
	if n := lp.count(); n != countUnknown {
		return n
	}
	n := 0
	for p := headerSize; lp[p] != end; p += lp.EntrySize(p) {
		n++
	}
	if n < countUnknown {
		lp.setCount(n)
	}
	return n
}

// Empty reports whether there is no entry.
func (lp Listpack) Empty() bool { return len(lp) == EmptySize }

// End returns the position behind the last entry, where Insert appends and from where Prev walks back.
func (lp Listpack) End() int { return len(lp) - 1 }

// First returns the position of the first entry, or 0.
func (lp Listpack) First() int { return lp.here(headerSize) }

// Last returns the position of the last entry, or 0.
func (lp Listpack) Last() int { return lp.Prev(lp.End()) }

// here turns the end into 0.
func (lp Listpack) here(p int) int {
	if lp[p] == end {
		return 0
	}
	return p
}

// Next returns the position of the entry after the one at p, or 0.
func (lp Listpack) Next(p int) int { return lp.here(p + lp.EntrySize(p)) }

// Prev returns the position of the entry before p, or 0. p may be End.
func (lp Listpack) Prev(p int) int {
	if p <= headerSize {
		return 0
	}
	n := int(lp[p-1])
	if n < 0x80 { // Fast path: an entry of up to 127 bytes.
		return p - n - 1
	}
	n &= 0x7F
	for i, shift := p-2, 7; ; i, shift = i-1, shift+7 {
		n |= int(lp[i]&0x7F) << shift
		if lp[i] < 0x80 {
			return p - n - backlenSize(n)
		}
	}
}

// Seek returns the position of the entry with an index, or 0 if there is none. Negative indexes count from the end,
// -1 is the last. It walks from the nearer end.
func (lp Listpack) Seek(index int) int {
	n := lp.count()
	if n == countUnknown {
		return lp.seekUnknown(index)
	}
	if index < 0 {
		index += n
	}
	if index < 0 || index >= n {
		return 0
	}
	if index < n-index {
		return lp.Skip(headerSize, index)
	}
	p := lp.End()
	for ; index < n; index++ {
		p = lp.Prev(p)
	}
	return p
}

// seekUnknown seeks from the end that the sign of the index names.
func (lp Listpack) seekUnknown(index int) int {
	if index >= 0 {
		return lp.Skip(lp.First(), index)
	}
	p := lp.End()
	for ; index < 0; index++ {
		if p = lp.Prev(p); p == 0 {
			break
		}
	}
	return p
}

// Skip returns the position n entries after p, or 0 if there are not so many.
func (lp Listpack) Skip(p, n int) int {
	if p == 0 {
		return 0
	}
	for ; n > 0; n-- {
		if lp[p] == end {
			return 0
		}
		p += lp.EntrySize(p)
	}
	return lp.here(p)
}
