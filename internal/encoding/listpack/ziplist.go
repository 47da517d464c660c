package listpack

import (
	"encoding/binary"
	"fmt"
)

// A ziplist is what Redis kept before it had listpacks. RDB files up to version 9 carry it.
//
//	0        4        8       10                      bytes
//	| bytes  | tail   | count | entry | ...    | 0xFF |       all little endian but the string lengths
//
//	bytes  from the first to the 0xFF, both included
//	tail   offset of the last entry
//	count  number of entries; 65535: unknown
//
// An entry is the size of the entry before it, an encoding and the data:
//
//	| previous | encoding | data |
//
//	previous: 1 byte below 254; 254 and 4 bytes
//
//	00nnnnnn                     string of n < 64 bytes
//	01nnnnnn nnnnnnnn            string of n < 16384 bytes, high byte first
//	10...... n:32                string of n bytes, high byte first
//	0xC0, 0xD0, 0xE0, 0xF0, 0xFE integers of 16, 32, 64, 24 and 8 bits
//	1111vvvv                     integer v-1, for v from 1 to 13
const (
	ziplistHeader   = 10
	ziplistPrevWide = 254
)

func corruptZiplist(offset int, what string) error { return &CorruptError{"ziplist", offset, what} }

// ziplist walks a ziplist that may hold anything.
type ziplist struct {
	b    []byte
	at   int // the next entry
	last int // the entry before it, 0 if there is none
}

// openZiplist checks the header of b.
func openZiplist(b []byte) (ziplist, error) {
	switch {
	case len(b) < ziplistHeader+1:
		return ziplist{}, corruptZiplist(len(b), "too short")
	case uint64(binary.LittleEndian.Uint32(b)) != uint64(len(b)):
		return ziplist{}, corruptZiplist(0, "total is not the size")
	case b[len(b)-1] != end:
		return ziplist{}, corruptZiplist(len(b)-1, "no end mark")
	}
	return ziplist{b: b, at: ziplistHeader}, nil
}

// more reports whether there is another entry.
func (z *ziplist) more() bool { return z.at < len(z.b)-1 }

// take returns the next n bytes of the entry, or nil if they pass the end.
func (z *ziplist) take(n uint64) []byte {
	if n > uint64(len(z.b)-1-z.at) {
		return nil
	}
	b := z.b[z.at : z.at+int(n)]
	z.at += int(n)
	return b
}

// next reads an entry. The element borrows from the ziplist.
func (z *ziplist) next() (Elem, error) {
	start := z.at
	passes := func() (Elem, error) { return Elem{}, corruptZiplist(start, "entry passes the end") }
	want := uint64(0)
	if z.last != 0 {
		want = uint64(start - z.last)
	}
	prev := z.take(1)
	size := uint64(prev[0])
	if size >= ziplistPrevWide {
		if size != ziplistPrevWide {
			return Elem{}, corruptZiplist(start, "end mark among the entries")
		}
		if prev = z.take(4); prev == nil {
			return passes()
		}
		size = uint64(binary.LittleEndian.Uint32(prev))
	}
	if size != want {
		return Elem{}, corruptZiplist(start, "size of the previous entry is wrong")
	}
	z.last = start
	enc := z.take(1)
	if enc == nil {
		return passes()
	}
	if enc[0] >= 0xC0 {
		n, width := ziplistInt(enc[0])
		if width < 0 {
			return Elem{}, corruptZiplist(start, fmt.Sprintf("no encoding 0x%02x", enc[0]))
		}
		if width > 0 {
			data := z.take(uint64(width))
			if data == nil {
				return passes()
			}
			n = littleEndian(data)
		}
		return Int(n), nil
	}
	var n uint64
	switch enc[0] >> 6 {
	case 0:
		n = uint64(enc[0])
	case 1:
		low := z.take(1)
		if low == nil {
			return passes()
		}
		n = uint64(enc[0]&0x3F)<<8 | uint64(low[0])
	case 2:
		wide := z.take(4)
		if wide == nil {
			return passes()
		}
		n = uint64(binary.BigEndian.Uint32(wide))
	}
	text := z.take(n)
	if text == nil {
		return passes()
	}
	return Of(text), nil
}

// ziplistInt returns the value of an integer without data, or the width of its data; -1 for what is no encoding.
func ziplistInt(enc byte) (n int64, width int) {
	switch {
	case enc == 0xC0:
		return 0, 2
	case enc == 0xD0:
		return 0, 4
	case enc == 0xE0:
		return 0, 8
	case enc == 0xF0:
		return 0, 3
	case enc == 0xFE:
		return 0, 1
	case enc > 0xF0 && enc < 0xFE:
		return int64(enc&0x0F) - 1, 0
	}
	return 0, -1
}

// littleEndian reads a signed integer of up to 8 bytes.
func littleEndian(b []byte) int64 {
	var n uint64
	for i := range b {
		n |= uint64(b[i]) << (8 * i)
	}
	shift := 64 - 8*len(b)
	return int64(n<<shift) >> shift
}

// ZiplistSize checks all of a ziplist, which may hold anything, and returns the size of the listpack with the same
// elements.
func ZiplistSize(b []byte) (int, error) {
	z, err := openZiplist(b)
	if err != nil {
		return 0, err
	}
	size, n := EmptySize, 0
	for ; z.more(); n++ {
		e, err := z.next()
		if err != nil {
			return 0, err
		}
		size += e.Size()
	}
	if c := int(binary.LittleEndian.Uint16(b[8:])); c != countUnknown && c != n {
		return 0, corruptZiplist(8, fmt.Sprintf("count is %d of %d entries", c, n))
	}
	if tail := uint64(binary.LittleEndian.Uint32(b[4:])); z.last != 0 && tail != uint64(z.last) {
		return 0, corruptZiplist(4, "tail is not the last entry")
	}
	return size, nil
}

// FromZiplist makes a listpack with the elements of a ziplist, in the storage of dst.
//
// REQUIRES: ZiplistSize(b) returned no error and at most cap(dst).
func FromZiplist(dst, b []byte) Listpack {
	lp := New(dst)
	for z, _ := openZiplist(b); z.more(); {
		e, err := z.next()
		if err != nil {
			panic("BUG: listpack: ziplist was not checked: " + err.Error())
		}
		lp = lp.Append(e)
	}
	return lp
}
