package history

import (
	"encoding/binary"
	"hash/crc32"
)

// A page:
//
//	0       4      5   6       8        16       24     28   32
//	+-------+------+---+-------+--------+--------+------+----+-----------+-----------+--
//	| magic | ring | 0 | lines |  seq   |  base  | crc  | 0  |  record   |  record   |
//	+-------+------+---+-------+--------+--------+------+----+-----------+-----------+--
//
//	record: length of body 16, crc 32, body
//
// Numbers are little endian. seq counts the pages of a ring from 1; page seq lies at place seq mod pages. base is the Unix
// time in milliseconds that the first record's time is a difference to. A record's checksum (CRC-32C) begins with its
// offset and is over seq and its body, so that neither what the place held before nor a record that was moved passes for one.
const (
	pageSize   = 16 << 10
	pageMagic  = 0x50484d47 // "GMHP"
	pageHead   = 32
	recordHead = 6

	linesOff = 6
	seqOff   = 8
	baseOff  = 16
	crcOff   = 24
)

// The checksum is the last of the head but for four bytes.
var _ [0]struct{} = [pageHead - crcOff - 8]struct{}{}

// Ring says which of the two rings.
type Ring uint8

// The rings. The numbers are those of the file.
const (
	RingSeconds Ring = 0
	RingMinutes Ring = 1
)

// String returns the ring's name.
func (r Ring) String() string { return [...]string{"seconds", "minutes"}[r] }

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// format makes b an empty page.
func format(b []byte, ring Ring, lines int, seq uint64, base int64) {
	clear(b)
	le := binary.LittleEndian
	le.PutUint32(b, pageMagic)
	b[4] = byte(ring)
	le.PutUint16(b[linesOff:], uint16(lines))
	le.PutUint64(b[seqOff:], seq)
	le.PutUint64(b[baseOff:], uint64(base))
	le.PutUint32(b[crcOff:], crc32.Checksum(b[:crcOff], castagnoli))
}

// pageSeq returns the number of a page, 0 if b is no page of the ring.
func pageSeq(b []byte, ring Ring, lines int) uint64 {
	le := binary.LittleEndian
	if len(b) < pageHead || le.Uint32(b) != pageMagic || b[4] != byte(ring) || int(le.Uint16(b[linesOff:])) != lines ||
		le.Uint32(b[crcOff:]) != crc32.Checksum(b[:crcOff], castagnoli) {
		return 0
	}
	return le.Uint64(b[seqOff:])
}

// open sets s to the beginning of a formatted page.
func (s *state) open(b []byte, lines int) {
	s.page, s.off, s.n, s.names = b, pageHead, 0, 0
	s.time = int64(binary.LittleEndian.Uint64(b[baseOff:]))
	if cap(s.values) < lines {
		s.values = make([]int64, lines)
	}
	s.values = s.values[:lines]
	clear(s.values)
}

// sum is the checksum of the record at off.
func sum(page []byte, off int, body []byte) uint32 {
	c := crc32.Update(uint32(off), castagnoli, page[seqOff:seqOff+8])
	return crc32.Update(c, castagnoli, body)
}

// next decodes the next record. It reports false at the end of the page: where nothing, something torn or something of an
// older page follows. rec is used again; its slices are valid until the next call.
func (s *state) next(rec *Record) bool {
	b, off := s.page, s.off
	if off+recordHead > len(b) {
		return false
	}
	n := int(binary.LittleEndian.Uint16(b[off:]))
	body := off + recordHead
	if n == 0 || body+n > len(b) || binary.LittleEndian.Uint32(b[off+2:]) != sum(b, off, b[body:body+n]) {
		return false
	}
	if s.readBody(rec, body, body+n) != nil {
		return false
	}
	s.off = body + n
	s.n++
	return true
}

// append encodes a record behind the last one, in about room bytes if that is possible. It reports false if the page is full:
// what does not fit goes to the next page as it is, and is not rounded until it does.
// scratch is used; back is the record as a reader will see it.
func (s *state) append(rec, back *Record, room int, scratch []byte) bool {
	names := s.names
	body := s.appendBody(scratch[:0], rec, min(room, maxRecord), s.off+recordHead)
	s.names = names
	if s.off+recordHead+len(body) > len(s.page) {
		return false
	}
	at := s.off + recordHead
	copy(s.page[at:], body)
	binary.LittleEndian.PutUint16(s.page[s.off:], uint16(len(body)))
	binary.LittleEndian.PutUint32(s.page[s.off+2:], sum(s.page, s.off, body))
	if !s.next(back) {
		bug("a record that cannot be read back")
	}
	return true
}

func bug(what string) { panic("BUG: history: " + what) }
