package resp

import "granary/internal/mem"

// A Sink owns the memory that a Writer appends to. It is called only when a
// block is full, and for what is sent without a copy.
//
// The output of a Writer is a sequence of segments, numbered from 0 in the
// order in which they were opened. The last one is open: the Writer appends to
// it. The others are sealed and belong to the Sink.
type Sink interface {
	// More is called when the open segment, holding n bytes now, has no room
	// for need more. It returns the memory to go on with, with room for at
	// least need bytes.
	//
	// With sealed false it is the same segment in a larger place (its n bytes
	// have been copied to the front of block). With sealed true the old
	// segment has been sealed at n bytes and block is a new one, empty.
	More(n, need int) (block []byte, sealed bool)

	// Refer puts n bytes at offset off of the allocation ref behind the open
	// segment without copying them. The open segment holds n0 bytes: it is
	// sealed, and a new one opens in the room behind those bytes. The bytes
	// referred to are a segment too, so two numbers pass. Reports false if the
	// Sink wants bytes of its own.
	Refer(n0 int, ref mem.Ref, off, n int) bool

	// Sealed returns the bytes of a sealed segment, and Shorten cuts them off
	// behind the first n. Both serve replies whose length was known late.
	Sealed(seq uint64) []byte
	Shorten(seq uint64, n int)
}

// Buffer is a Writer over one Go slice that grows: for scripts, tests and
// replies that somebody else looks at before they are sent.
type Buffer struct {
	Writer
}

// NewBuffer returns an empty Buffer that speaks RESP2.
func NewBuffer() *Buffer {
	b := new(Buffer)
	b.Init(b, 2)
	return b
}

// Bytes returns what was written, valid until the next write or Reset.
func (b *Buffer) Bytes() []byte { return b.Pending() }

// String returns a copy of what was written.
func (b *Buffer) String() string { return string(b.Pending()) }

// Reset forgets what was written and keeps the memory.
func (b *Buffer) Reset() { b.Drained() }

// More implements Sink: the one segment is never sealed.
func (b *Buffer) More(n, need int) ([]byte, bool) {
	size := max(2*(n+need), 256)
	block := make([]byte, size)
	copy(block, b.Pending())
	return block, false
}

// Refer implements Sink.
func (b *Buffer) Refer(int, mem.Ref, int, int) bool { return false }

// Sealed implements Sink.
func (b *Buffer) Sealed(uint64) []byte { panic("BUG: resp: a Buffer seals nothing") }

// Shorten implements Sink.
func (b *Buffer) Shorten(uint64, int) { panic("BUG: resp: a Buffer seals nothing") }
