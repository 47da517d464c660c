package stream

import (
	"bytes"
	"encoding/binary"
	"unsafe"

	"granary/internal/mem"
)

// names is a list of records in the order of their names: the groups of a stream, the consumers of a group. It lies in
// its owner's block:
//
//	0             8         16
//	| Ref | many  | records  |
//	  40    1 bit
//
// Up to 128 records it refers to a chunk, beyond to a directory of chunks. Both are arrays of Refs:
//
//	0     4     8
//	| n   | cap | cap x Ref:40 |
//
// A look-up is two binary searches that read names. An insert moves at most a chunk and the directory: 50 KB if there are
// a million consumers.
//
// A record begins with where its name is:
//
//	0        4       8
//	| length | where | ...
type names struct {
	word uint64
	n    uint64
}

const (
	listHead  = 8
	chunkMost = 128
	manyBit   = 1 << 40
)

var _ [16]byte = [unsafe.Sizeof(names{})]byte{}

// recordName returns the name of a record, a view of it.
func recordName(r mem.Ref) []byte {
	b := mem.Bytes(r, 8)
	n, at := int(binary.LittleEndian.Uint32(b)), int(binary.LittleEndian.Uint32(b[4:]))
	return mem.Bytes(r, at+n)[at:]
}

// list is a view of a chunk or of the directory.
type list struct{ ref mem.Ref }

func (l list) head() []byte    { return mem.Bytes(l.ref, listHead) }
func (l list) n() int          { return int(binary.LittleEndian.Uint32(l.head())) }
func (l list) cap() int        { return int(binary.LittleEndian.Uint32(l.head()[4:])) }
func (l list) setN(n int)      { binary.LittleEndian.PutUint32(l.head(), uint32(n)) }
func (l list) at(i int) []byte { return l.all()[i*mem.RefSize:] }
func (l list) get(i int) mem.Ref {
	return mem.LoadRef(l.at(i))
}
func (l list) all() []byte { return mem.Bytes(l.ref, listBytes(l.cap()))[listHead:] }

func listBytes(capacity int) int { return listHead + capacity*mem.RefSize }

// newList makes a list that has room for n Refs at least.
func newList(bk books, n int) list {
	room := (mem.Usable(listBytes(n)) - listHead) / mem.RefSize
	l := list{bk.alloc(listBytes(room), mem.PurposeStreamGroup)}
	binary.LittleEndian.PutUint32(l.head()[4:], uint32(room))
	l.setN(0)
	return l
}

func (l list) free(bk books) { bk.free(l.ref, listBytes(l.cap()), mem.PurposeStreamGroup) }

// insert puts a Ref at index i.
//
// REQUIRES: n < cap.
func (l list) insert(i int, r mem.Ref) {
	n := l.n()
	l.setN(n + 1)
	b := l.all()
	copy(b[(i+1)*mem.RefSize:], b[i*mem.RefSize:n*mem.RefSize])
	mem.PutRef(b[i*mem.RefSize:], r)
}

func (l list) remove(i int) {
	n := l.n()
	b := l.all()
	copy(b[i*mem.RefSize:], b[(i+1)*mem.RefSize:n*mem.RefSize])
	l.setN(n - 1)
}

// take appends the Refs i to j of another list.
func (l list) take(from list, i, j int) {
	n := l.n()
	copy(l.at(n), from.all()[i*mem.RefSize:j*mem.RefSize])
	l.setN(n + j - i)
}

func (x *names) ref() mem.Ref { return mem.Ref(x.word & (manyBit - 1)) }
func (x *names) many() bool   { return x.word&manyBit != 0 }

// place is where a record is: chunk c of the directory, index i.
type place struct{ c, i int }

func (x *names) chunk(c int) list {
	if x.many() {
		return list{list{x.ref()}.get(c)}
	}
	return list{x.ref()}
}

func (x *names) chunks() int {
	switch {
	case x.word == 0:
		return 0
	case x.many():
		return list{x.ref()}.n()
	}
	return 1
}

// setChunk replaces a chunk.
func (x *names) setChunk(c int, l list) {
	if x.many() {
		mem.PutRef(list{x.ref()}.at(c), l.ref)
	} else {
		x.word = uint64(l.ref)
	}
}

// find returns the place of a name, or where it belongs, and its record or 0.
func (x *names) find(name []byte) (place, mem.Ref) {
	n := x.chunks()
	if n == 0 {
		return place{}, 0
	}
	// The last chunk whose first name is not greater.
	i, j := 0, n
	for j-i > 1 {
		m := int(uint(i+j) >> 1)
		if bytes.Compare(recordName(x.chunk(m).get(0)), name) <= 0 {
			i = m
		} else {
			j = m
		}
	}
	c := i
	l := x.chunk(c)
	i, j = 0, l.n()
	for i < j {
		m := int(uint(i+j) >> 1)
		switch r := l.get(m); bytes.Compare(recordName(r), name) {
		case 0:
			return place{c, m}, r
		case -1:
			i = m + 1
		default:
			j = m
		}
	}
	return place{c, i}, 0
}

// insert puts a record where find says it belongs. It allocates before it changes anything.
func (x *names) insert(bk books, p place, r mem.Ref) {
	if x.word == 0 {
		l := newList(bk, 1)
		l.insert(0, r)
		x.word, x.n = uint64(l.ref), 1
		return
	}
	l := x.chunk(p.c)
	n := l.n()
	switch {
	case n < l.cap():
		l.insert(p.i, r)
	case n < chunkMost:
		to := newList(bk, min(2*n, chunkMost))
		to.take(l, 0, n)
		to.insert(p.i, r)
		x.setChunk(p.c, to)
		l.free(bk)
	default:
		right := x.split(bk, p.c)
		if half := l.n(); p.i > half {
			right.insert(p.i-half, r)
		} else {
			l.insert(p.i, r)
		}
	}
	x.n++
}

// split moves the upper half of a full chunk into a new one and returns that.
func (x *names) split(bk books, c int) list {
	l := x.chunk(c)
	right := newList(bk, chunkMost)
	done := false
	defer func() {
		if !done {
			right.free(bk)
		}
	}()
	dir := list{x.ref()}
	if !x.many() {
		dir = newList(bk, 4)
		dir.insert(0, l.ref)
		x.word = uint64(dir.ref) | manyBit
	} else if dir.n() == dir.cap() {
		to := newList(bk, 2*dir.n())
		to.take(dir, 0, dir.n())
		x.word = uint64(to.ref) | manyBit
		dir.free(bk)
		dir = to
	}
	done = true
	n := l.n()
	right.take(l, n/2, n)
	l.setN(n / 2)
	dir.insert(c+1, right.ref)
	return right
}

// remove takes the record at a place out. It needs no memory.
func (x *names) remove(bk books, p place) {
	l := x.chunk(p.c)
	l.remove(p.i)
	x.n--
	switch {
	case l.n() == 0:
		x.dropChunk(bk, p.c)
	case x.many() && l.n() <= chunkMost/4:
		for _, c := range [2]int{p.c, p.c - 1} {
			if c < 0 || c+1 >= x.chunks() {
				continue
			}
			a, b := x.chunk(c), x.chunk(c+1)
			if n := a.n() + b.n(); n <= chunkMost*3/4 && n <= a.cap() {
				a.take(b, 0, b.n())
				x.dropChunk(bk, c+1)
				break
			}
		}
	}
}

// dropChunk frees a chunk and takes it out of the directory.
func (x *names) dropChunk(bk books, c int) {
	x.chunk(c).free(bk)
	if !x.many() {
		x.word = 0
		return
	}
	dir := list{x.ref()}
	dir.remove(c)
	if dir.n() == 1 {
		x.word = uint64(dir.get(0))
		dir.free(bk)
	}
}

// get returns the record at a place, or 0 behind the last. The first is at place{}.
func (x *names) get(p place) mem.Ref {
	if p.c >= x.chunks() {
		return 0
	}
	return x.chunk(p.c).get(p.i)
}

// next returns the place after p.
func (x *names) next(p place) place {
	if p.i++; p.i >= x.chunk(p.c).n() {
		return place{p.c + 1, 0}
	}
	return p
}

// last returns the place of the last record.
//
// REQUIRES: there is one.
func (x *names) last() place {
	c := x.chunks() - 1
	return place{c, x.chunk(c).n() - 1}
}

// bytes returns the usable bytes of the chunks and the directory.
func (x *names) bytes() (sum int64) {
	for c := range x.chunks() {
		sum += int64(mem.Usable(listBytes(x.chunk(c).cap())))
	}
	if x.many() {
		sum += int64(mem.Usable(listBytes(list{x.ref()}.cap())))
	}
	return sum
}

// relocate serves compaction: it moves chunks and the directory.
func (x *names) relocate(bk books) {
	if x.word == 0 {
		return
	}
	l := list{x.ref()}
	if to := bk.move(l.ref, listBytes(l.cap()), mem.PurposeStreamGroup); to != 0 {
		x.word = x.word&manyBit | uint64(to)
	}
	if !x.many() {
		return
	}
	for c := range x.chunks() {
		l := x.chunk(c)
		if to := bk.move(l.ref, listBytes(l.cap()), mem.PurposeStreamGroup); to != 0 {
			x.setChunk(c, list{to})
		}
	}
}
