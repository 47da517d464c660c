package rdb

import (
	"bytes"
	"encoding/binary"
	"sync"

	"granary/internal/mem"
	"granary/internal/object"
)

// footer is the bytes behind the value in a payload: version and checksum.
const footer = 2 + 8

// Payload is what DUMP answers: a list of blocks in the memory of an arena, which are to be freed.
type Payload struct {
	arena  *mem.Arena
	of     mem.Purpose
	blocks []payloadBlock
	crc    uint64
	Size   int // bytes in all
}

type payloadBlock struct {
	ref  mem.Ref
	used int
	size int
}

// Payload blocks grow from the smallest to the largest size. The one that a value is written to before it is compressed may
// be as long as the longest string that is.
const (
	smallestBlock = 512
	largestBlock  = 256 << 10
	longestPacked = 64 << 20
)

// compressors are those that are not in use: they are large, and values are dumped one at a time.
var compressors = sync.Pool{New: func() any { return new(Compressor) }}

// release gives a Compressor back, without what a long string left.
func (c *Compressor) release() {
	if cap(c.out) > 2*largestBlock {
		c.out = nil
	}
	compressors.Put(c)
}

// Dump makes the payload of an entry's value in memory of a purpose, with compress with strings compressed where that makes them
// shorter.
// NB: it panics with mem.ErrOutOfMemory when memory is out, and has given everything back then.
func Dump(a *mem.Arena, e object.Entry, compress bool, of mem.Purpose) (p Payload) {
	p.arena, p.of = a, of
	var c *Compressor
	if compress {
		c = compressors.Get().(*Compressor)
		defer c.release()
	}
	done := false
	defer func() {
		if !done {
			p.Free()
		}
	}()
	raw := a.Alloc(smallestBlock, of)
	size := smallestBlock
	defer func() { a.Free(raw, size, of) }()
	w := NewEncoder(Block{Bytes: mem.Bytes(raw, size)}, func(b Block, need int) Block {
		p.take(b, c)
		if more := max(min(2*size, largestBlock), min(need, longestPacked)); more > size {
			next := a.Alloc(more, of)
			a.Free(raw, size, of)
			raw, size = next, more
		}
		return Block{mem.Bytes(raw, size)[:0], b.Marks[:0]}
	})
	w.most = longestPacked
	t, version := TypeOf(e)
	w.Byte(byte(t))
	WriteAll(w, a, e)
	p.take(w.Rest(), c)
	var end [footer]byte
	binary.LittleEndian.PutUint16(end[:], uint16(version))
	p.add(end[:2])
	binary.LittleEndian.PutUint64(end[2:], p.crc)
	p.add(end[2:])
	done = true
	return p
}

// take adds what an Encoder has written.
func (p *Payload) take(b Block, c *Compressor) {
	if c != nil {
		p.add(c.Compress(b))
	} else {
		p.add(b.Bytes)
	}
}

// add copies bytes to the end.
func (p *Payload) add(b []byte) {
	p.crc = CRC(p.crc, b)
	p.Size += len(b)
	for len(b) > 0 {
		n := len(p.blocks)
		if n == 0 || p.blocks[n-1].used == p.blocks[n-1].size {
			size := min(max(p.Size, len(b), smallestBlock), largestBlock)
			p.blocks = append(p.blocks, payloadBlock{p.arena.Alloc(size, p.of), 0, size})
			continue
		}
		last := &p.blocks[n-1]
		k := copy(mem.Bytes(last.ref, last.size)[last.used:], b)
		last.used += k
		b = b[k:]
	}
}

// Each gives fn the bytes, a part at a time.
func (p *Payload) Each(fn func(part []byte)) {
	for _, b := range p.blocks {
		fn(mem.Bytes(b.ref, b.used))
	}
}

// Equal reports whether two payloads are the same bytes.
func (p *Payload) Equal(q *Payload) bool {
	if p.Size != q.Size || p.crc != q.crc {
		return false
	}
	var left []byte
	next, same := 0, true
	p.Each(func(part []byte) {
		for len(part) > 0 && same {
			if len(left) == 0 {
				b := q.blocks[next]
				left = mem.Bytes(b.ref, b.used)
				next++
			}
			n := min(len(part), len(left))
			same = bytes.Equal(part[:n], left[:n])
			part, left = part[n:], left[n:]
		}
	})
	return same
}

// CountMemory tells count of the usable bytes of every block.
func (p *Payload) CountMemory(count func(of mem.Purpose, usable int64)) {
	for _, b := range p.blocks {
		count(p.of, int64(mem.Usable(b.size)))
	}
}

// Free gives the blocks back.
func (p *Payload) Free() {
	for _, b := range p.blocks {
		p.arena.Free(b.ref, b.size, p.of)
	}
	p.blocks = nil
}

// Trust says which checks of a payload or a file are left out.
type Trust struct {
	Version  bool // versions that are not known are tried (rdb-version-check relaxed)
	Checksum bool
}

// OpenPayload checks version and checksum of a payload and returns a Reader of its value, whose type byte is read. ok is
// false if it is no payload, or of a version that is not read.
func OpenPayload(b []byte, a *mem.Arena, lim Limits, trust Trust) (r *Reader, t Type, ok bool) {
	if len(b) < 1+footer {
		return nil, 0, false
	}
	end := len(b) - footer
	version := int(binary.LittleEndian.Uint16(b[end:]))
	if !Readable(version) && !trust.Version {
		return nil, 0, false
	}
	if !trust.Checksum && binary.LittleEndian.Uint64(b[end+2:]) != CRC(0, b[:end+2]) {
		return nil, 0, false
	}
	r = NewReader(NewDecoder(b[:end]), a, lim)
	r.Valkey = version >= ValkeyFirst
	return r, Type(r.Byte()), true
}

// Readable reports whether files and payloads of a version are read.
func Readable(version int) bool {
	return version >= 1 && version <= MaxVersion || version >= ValkeyFirst && version <= ValkeyLast
}
