package listpack

import (
	"encoding/binary"
	"fmt"
)

// A zipmap is how Redis kept small hashes before 2.6. RDB files of those days carry it.
//
//	| count | length | field | length | free | value | unused | ... | 0xFF |
//
//	count   number of pairs, 1 byte; 254 and more: unknown
//	length  1 byte below 254; 254 and 4 bytes, little endian
//	free    1 byte: how many unused bytes follow the value
const zipmapWide = 254

func corruptZipmap(offset int, what string) error { return &CorruptError{"zipmap", offset, what} }

// zipmap walks a zipmap that may hold anything.
type zipmap struct {
	b  []byte
	at int
}

func openZipmap(b []byte) (zipmap, error) {
	if len(b) < 2 {
		return zipmap{}, corruptZipmap(len(b), "too short")
	}
	if b[len(b)-1] != end {
		return zipmap{}, corruptZipmap(len(b)-1, "no end mark")
	}
	return zipmap{b: b, at: 1}, nil
}

// more reports whether there is another pair.
func (z *zipmap) more() bool { return z.at < len(z.b)-1 }

// text reads a length, for a value the byte that says how much is unused, and the bytes.
func (z *zipmap) text(value bool) (Elem, error) {
	start := z.at
	room := uint64(len(z.b) - 1 - start) // what lies before the end mark
	n, head, unused := uint64(z.b[start]), uint64(1), uint64(0)
	if n > zipmapWide || room == 0 {
		return Elem{}, corruptZipmap(start, "end mark in a pair")
	}
	if n == zipmapWide {
		head = 5
		if head > room {
			return Elem{}, corruptZipmap(start, "length passes the end")
		}
		n = uint64(binary.LittleEndian.Uint32(z.b[start+1:]))
	}
	if value {
		if head >= room {
			return Elem{}, corruptZipmap(start, "length passes the end")
		}
		unused = uint64(z.b[start+int(head)])
		head++
	}
	if head+n+unused > room {
		return Elem{}, corruptZipmap(start, "text passes the end")
	}
	from := start + int(head)
	z.at = from + int(n) + int(unused)
	return Of(z.b[from : from+int(n)]), nil
}

// next reads a pair.
func (z *zipmap) next() (field, value Elem, err error) {
	if field, err = z.text(false); err == nil {
		value, err = z.text(true)
	}
	return field, value, err
}

// ZipmapSize checks all of a zipmap, which may hold anything, and returns the size of the listpack with the same
// fields and values.
func ZipmapSize(b []byte) (int, error) {
	z, err := openZipmap(b)
	if err != nil {
		return 0, err
	}
	size, n := EmptySize, 0
	for ; z.more(); n++ {
		field, value, err := z.next()
		if err != nil {
			return 0, err
		}
		size += field.Size() + value.Size()
	}
	if c := int(b[0]); c < zipmapWide && c != n {
		return 0, corruptZipmap(0, fmt.Sprintf("count is %d of %d pairs", c, n))
	}
	return size, nil
}

// FromZipmap makes a listpack with the fields and values of a zipmap, in the storage of dst.
//
// REQUIRES: ZipmapSize(b) returned no error and at most cap(dst).
func FromZipmap(dst, b []byte) Listpack {
	lp := New(dst)
	for z, _ := openZipmap(b); z.more(); {
		field, value, err := z.next()
		if err != nil {
			panic("BUG: listpack: zipmap was not checked: " + err.Error())
		}
		lp = lp.Append(field).Append(value)
	}
	return lp
}
