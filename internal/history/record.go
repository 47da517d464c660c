package history

import (
	"encoding/binary"
	"errors"
)

// Kind says what a record is. The numbers are those of the file.
type Kind uint8

// The kinds.
const (
	KindSample Kind = 1 // the values at a moment
	KindStart  Kind = 2 // a server started
	KindEnd    Kind = 3 // it ended in good order
	KindStall  Kind = 4 // no sample came: a command holds the server up
)

// Record is a record of either ring.
type Record struct {
	Kind Kind
	Time int64 // Unix ms

	// Of KindSample. Values are at Time; of a minute, Low and High are the extremes between the record before and Time,
	// both included. All are good to Precision bytes: Values and Low may be lower than they were by less than that, High
	// higher.
	Values    []int64
	Low, High []int64
	Precision int64
	Causes    *Causes // of a jump; nil if no line made one
	Prev      []int64 // Values of the record before, nil after a start

	Unclean bool  // KindStart: the server before did not end in good order
	PID     int64 // KindStart

	// Of KindStall: what runs, since when (ms), and the resident bytes of the process.
	Command  string
	Client   int64
	For      int64
	Resident int64
}

// Moved returns by how much line i moved in this record: to its end, or of a minute to the extreme that is farther.
func (r *Record) Moved(i int) int64 {
	if r.Prev == nil || i >= len(r.Values) {
		return 0
	}
	d := r.Values[i] - r.Prev[i]
	if r.High != nil {
		up, down := r.High[i]-r.Prev[i], r.Low[i]-r.Prev[i]
		if d = up; -down > up {
			d = down
		}
	}
	return d
}

// Causes are who moved memory in the time of a record: by far the most of it at the front of each list.
type Causes struct {
	Freed     bool    `json:"freed"`     // the jump was downwards: bytes are bytes freed
	Threshold int64   `json:"threshold"` // what made it a jump
	Total     int64   `json:"charged"`   // bytes of all commands together
	Commands  []Cause `json:"commands"`
	Clients   []Cause `json:"clients"`
	Prefixes  []Cause `json:"prefixes"`
	Largest   Single  `json:"largest"`
}

// Cause is who added or freed how much. Bytes are too many by at most Error.
type Cause struct {
	Name  string `json:"name"`           // command, prefix, or the client's name
	ID    int64  `json:"id,omitempty"`   // of a client
	Addr  string `json:"addr,omitempty"` // of a client
	User  string `json:"user,omitempty"` // of a client
	Bytes int64  `json:"bytes"`
	Error int64  `json:"error"`
}

// Single is the one piece of work that moved most.
type Single struct {
	Command string `json:"command"`
	Client  int64  `json:"client"`
	Key     string `json:"key"`
	Bytes   int64  `json:"bytes"`
}

// The first byte of a body: the kind, and these.
const (
	kindMask    = 7
	bitCoarse   = 1 << 3 // a byte with a shift follows the time
	bitExtremes = 1 << 4 // of a minute
	bitCauses   = 1 << 5
	bitUnclean  = 1 << 6
)

const (
	maxName    = 64   // bytes of a name that are kept
	maxListed  = 3    // causes of each kind
	maxStrings = 256  // different names in a page
	maxRecord  = 4096 // bytes
)

// state is what a reader knows behind a record, and so what the next one is written against. Reader and writer share it.
type state struct {
	page   []byte
	off    int // where the next record begins
	n      int // records so far
	time   int64
	values []int64
	names  int // names so far; where they lie:
	at     [maxStrings]uint16
	len    [maxStrings]uint8
}

// appendBody encodes a record to dst, in at most room bytes if it can: by rounding, and by leaving out causes. where is
// the offset of dst's first byte in the page, for names.
func (s *state) appendBody(dst []byte, rec *Record, room, where int) []byte {
	start := len(dst)
	if rec.Kind != KindSample {
		return s.appendEvent(dst, rec, where)
	}
	for shift := uint(0); ; shift += 2 {
		dst = s.appendValues(dst[:start], rec, min(shift, 62))
		if len(dst)-start <= room || shift >= 62 {
			break
		}
	}
	if rec.Causes == nil {
		return dst
	}
	names, plain := s.names, len(dst)
	for k := maxListed; k > 0; k-- {
		dst = s.appendCauses(dst[:plain], rec.Causes, k, where-start)
		if len(dst)-start <= room {
			dst[start] |= bitCauses
			return dst
		}
		s.names = names
	}
	return dst[:plain]
}

func (s *state) appendValues(dst []byte, rec *Record, shift uint) []byte {
	first := byte(rec.Kind)
	if shift > 0 {
		first |= bitCoarse
	}
	if rec.High != nil {
		first |= bitExtremes
	}
	dst = append(dst, first)
	dst = binary.AppendVarint(dst, rec.Time-s.time)
	if shift > 0 {
		dst = append(dst, byte(shift))
	}
	bitmap := len(dst)
	dst = appendZeros(dst, (len(s.values)+7)/8)
	for i, v := range rec.Values {
		if d := (v - s.values[i]) >> shift; d != 0 {
			dst[bitmap+i/8] |= 1 << (i % 8)
			dst = binary.AppendVarint(dst, d)
		}
	}
	if rec.High == nil {
		return dst
	}
	bitmap = len(dst)
	dst = appendZeros(dst, (len(s.values)+7)/8)
	for i, v := range rec.Values {
		end := s.values[i] + (v-s.values[i])>>shift<<shift
		from := s.values[i] // of the record before: what lies between is no news
		if s.n == 0 {
			from = end
		}
		up := ceil(rec.High[i]-max(end, from), shift)
		down := ceil(min(end, from)-rec.Low[i], shift)
		if up != 0 || down != 0 {
			dst[bitmap+i/8] |= 1 << (i % 8)
			dst = binary.AppendUvarint(dst, up)
			dst = binary.AppendUvarint(dst, down)
		}
	}
	return dst
}

// ceil returns n / 2^shift, rounded up; 0 if n is negative.
func ceil(n int64, shift uint) uint64 {
	if n <= 0 {
		return 0
	}
	return (uint64(n) + 1<<shift - 1) >> shift
}

func appendZeros(dst []byte, n int) []byte {
	for range n {
		dst = append(dst, 0)
	}
	return dst
}

func (s *state) appendEvent(dst []byte, rec *Record, where int) []byte {
	start := len(dst)
	first := byte(rec.Kind)
	if rec.Unclean {
		first |= bitUnclean
	}
	dst = append(dst, first)
	dst = binary.AppendVarint(dst, rec.Time-s.time)
	switch rec.Kind {
	case KindStart:
		dst = binary.AppendUvarint(dst, uint64(rec.PID))
	case KindStall:
		dst = binary.AppendUvarint(dst, uint64(rec.Resident))
		dst = binary.AppendUvarint(dst, uint64(rec.For))
		dst = binary.AppendUvarint(dst, uint64(rec.Client))
		dst = s.appendName(dst, rec.Command, where-start)
	}
	return dst
}

// appendName adds a name: its number in the page, and the bytes if it is new. shift is the offset in the page of dst[0].
// Names beyond what a page can number are empty.
func (s *state) appendName(dst []byte, name string, shift int) []byte {
	name = name[:min(len(name), maxName)]
	for i := range s.names {
		at, n := int(s.at[i]), int(s.len[i])
		if n != len(name) {
			continue
		}
		// A name of this very record is not in the page yet.
		in := s.page
		if at >= shift {
			in, at = dst, at-shift
		}
		if string(in[at:at+n]) == name {
			return binary.AppendUvarint(dst, uint64(i)+1)
		}
	}
	if name == "" || s.names == maxStrings {
		return append(dst, 0)
	}
	dst = binary.AppendUvarint(dst, uint64(s.names)+1)
	dst = append(dst, byte(len(name)))
	s.at[s.names], s.len[s.names] = uint16(shift+len(dst)), uint8(len(name))
	s.names++
	return append(dst, name...)
}

func (s *state) appendCauses(dst []byte, c *Causes, k, shift int) []byte {
	freed := byte(0)
	if c.Freed {
		freed = 1
	}
	dst = append(dst, freed)
	dst = binary.AppendUvarint(dst, uint64(c.Threshold))
	dst = binary.AppendUvarint(dst, uint64(c.Total))
	for i, list := range [][]Cause{c.Commands, c.Prefixes, c.Clients} {
		list = list[:min(len(list), k)]
		dst = append(dst, byte(len(list)))
		for j := range list {
			x := &list[j]
			dst = s.appendName(dst, x.Name, shift)
			if i == 2 {
				dst = binary.AppendUvarint(dst, uint64(x.ID))
				dst = s.appendName(dst, x.Addr, shift)
				dst = s.appendName(dst, x.User, shift)
			}
			dst = binary.AppendUvarint(dst, uint64(x.Bytes))
			dst = binary.AppendUvarint(dst, uint64(x.Error))
		}
	}
	l := &c.Largest
	dst = s.appendName(dst, l.Command, shift)
	dst = binary.AppendUvarint(dst, uint64(l.Client))
	dst = s.appendName(dst, l.Key, shift)
	return binary.AppendUvarint(dst, uint64(l.Bytes))
}

// errBody is a body that its checksum vouches for and that makes no sense: it was written by something else.
var errBody = errors.New("malformed record")

// input takes a body apart.
type input struct {
	s   *state
	b   []byte
	at  int // offset of b in the page
	bad bool
}

func (in *input) skip(n int) []byte {
	if n < 0 || n > len(in.b) {
		in.bad, n = true, len(in.b)
	}
	head := in.b[:n]
	in.b = in.b[n:]
	in.at += n
	return head
}

func (in *input) byte() byte {
	if b := in.skip(1); len(b) == 1 {
		return b[0]
	}
	return 0
}

func (in *input) varint() int64 {
	v, n := binary.Varint(in.b)
	if n <= 0 {
		in.bad = true
		return 0
	}
	in.skip(n)
	return v
}

func (in *input) uvarint() uint64 {
	v, n := binary.Uvarint(in.b)
	if n <= 0 {
		in.bad = true
		return 0
	}
	in.skip(n)
	return v
}

// size reads a number that is not negative.
func (in *input) size() int64 {
	v := in.uvarint()
	if v > 1<<62 {
		in.bad = true
		return 0
	}
	return int64(v)
}

func (in *input) name() string {
	s := in.s
	i := in.uvarint()
	switch {
	case i == 0:
		return ""
	case i <= uint64(s.names):
		at := int(s.at[i-1])
		return string(s.page[at : at+int(s.len[i-1])])
	case i != uint64(s.names)+1 || s.names == maxStrings:
		in.bad = true
		return ""
	}
	n := int(in.byte())
	at := in.at
	b := in.skip(n)
	if in.bad || n == 0 || n > maxName {
		in.bad = true
		return ""
	}
	s.at[s.names], s.len[s.names] = uint16(at), uint8(n)
	s.names++
	return string(b)
}

// readBody decodes the body at page[at:end] into rec and moves the state behind it, but for its place.
// BORROWS: rec.Values are the state's, Low and High are rec's own and used again.
func (s *state) readBody(rec *Record, at, end int) error {
	in := input{s: s, b: s.page[at:end], at: at}
	first := in.byte()
	low, high := rec.Low[:0], rec.High[:0]
	*rec = Record{Kind: Kind(first & kindMask)}
	s.time += in.varint()
	rec.Time = s.time
	switch rec.Kind {
	case KindSample:
		in.values(rec, first, low, high)
	case KindStart:
		rec.Unclean = first&bitUnclean != 0
		rec.PID = in.size()
	case KindEnd:
	case KindStall:
		rec.Resident, rec.For, rec.Client = in.size(), in.size(), in.size()
		rec.Command = in.name()
	default:
		in.bad = true
	}
	if first&bitCauses != 0 && !in.bad {
		rec.Causes = in.causes()
	}
	if in.bad {
		return errBody
	}
	return nil
}

func (in *input) values(rec *Record, first byte, low, high []int64) {
	s, n := in.s, len(in.s.values)
	shift := uint(0)
	if first&bitCoarse != 0 {
		shift = uint(in.byte())
		if shift == 0 || shift > 62 {
			in.bad = true
			return
		}
	}
	rec.Precision = 1 << shift
	bitmap := in.skip((n + 7) / 8)
	if in.bad {
		return
	}
	if first&bitExtremes != 0 {
		low, high = append(low, s.values...), append(high, s.values...)
	}
	for i := range n {
		if bitmap[i/8]>>(i%8)&1 != 0 {
			s.values[i] += in.varint() << shift
		}
	}
	rec.Values = s.values
	if first&bitExtremes == 0 {
		return
	}
	bitmap = in.skip((n + 7) / 8)
	if in.bad {
		return
	}
	for i, v := range s.values {
		if s.n == 0 {
			low[i], high[i] = v, v
		}
		low[i], high[i] = min(low[i], v), max(high[i], v)
		if bitmap[i/8]>>(i%8)&1 != 0 {
			high[i] += int64(in.uvarint() << shift)
			low[i] -= int64(in.uvarint() << shift)
		}
	}
	rec.Low, rec.High = low, high
}

func (in *input) causes() *Causes {
	c := &Causes{Freed: in.byte() != 0, Threshold: in.size(), Total: in.size()}
	for i, list := range []*[]Cause{&c.Commands, &c.Prefixes, &c.Clients} {
		n := int(in.byte())
		if n > 8 {
			in.bad = true
		}
		for range n {
			if in.bad {
				return c
			}
			x := Cause{Name: in.name()}
			if i == 2 {
				x.ID, x.Addr, x.User = in.size(), in.name(), in.name()
			}
			x.Bytes, x.Error = in.size(), in.size()
			*list = append(*list, x)
		}
	}
	c.Largest = Single{Command: in.name(), Client: in.size(), Key: in.name(), Bytes: in.size()}
	return c
}
