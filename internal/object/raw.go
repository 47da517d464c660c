package object

import (
	"encoding/binary"

	"granary/internal/mem"
)

// newRawBlock allocates a block for a string of n bytes with room for alloc, one reference, payload unset.
func newRawBlock(a *mem.Arena, n, alloc int) mem.Ref {
	r := a.Alloc(rawHead+alloc, mem.PurposeString)
	putRawHead(r, n, alloc)
	return r
}

func putRawHead(r mem.Ref, n, alloc int) {
	b := mem.Bytes(r, rawHead)
	put40(b[rawLenOff:], n)
	put40(b[rawAllocOff:], alloc)
	binary.LittleEndian.PutUint16(b[rawRefsOff:], 1)
}

// InitRaw makes a region a raw block with one reference. The string's n bytes are at RawPayload already, and the region
// is of RawPayload + n bytes (mem.PurposeString).
func InitRaw(r mem.Ref, n int) { putRawHead(r, n, n) }

// NewBlock allocates a raw block for a string of n bytes, which the caller fills in (RawBytes) and gives to NewFromBlock, or
// gives back with FreeBlock.
func NewBlock(a *mem.Arena, n int) mem.Ref { return newRawBlock(a, n, n) }

// FreeBlock gives back a block that has become no value.
func FreeBlock(a *mem.Arena, r mem.Ref) { dropRaw(a, r) }

func get40(b []byte) int {
	_ = b[4]
	return int(binary.LittleEndian.Uint32(b)) | int(b[4])<<32
}

func put40(b []byte, v int) {
	_ = b[4]
	binary.LittleEndian.PutUint32(b, uint32(v))
	b[4] = byte(v >> 32)
}

func rawLen(r mem.Ref) int   { return get40(mem.Bytes(r, rawHead)[rawLenOff:]) }
func rawAlloc(r mem.Ref) int { return get40(mem.Bytes(r, rawHead)[rawAllocOff:]) }

func rawPayload(r mem.Ref, n int) []byte { return mem.Bytes(r, rawHead+n)[rawHead:] }

// RawBytes returns the bytes of a raw block, a view that is valid until the block is changed or released.
func RawBytes(r mem.Ref) []byte { return rawPayload(r, rawLen(r)) }

// RawSize returns the bytes that were requested for the block.
func RawSize(r mem.Ref) int { return rawHead + rawAlloc(r) }

// A block that a key has is data (mem.PurposeString). One that its key has let go of while replies are still being sent
// from it is output that waits, and is booked as that (mem.PurposeReplyBuffer): a client that does not read its replies
// cannot make data seem larger than it is. rawLoose, in the count of references, tells the two apart.

// RawRefs returns the number of references to the block.
func RawRefs(r mem.Ref) int { return int(rawCount(r) &^ rawLoose) }

// RawLoose reports whether the block is no key's.
func RawLoose(r mem.Ref) bool { return rawCount(r)&rawLoose != 0 }

func rawCount(r mem.Ref) uint16 {
	return binary.LittleEndian.Uint16(mem.Bytes(r, rawHead)[rawRefsOff:])
}

func setRawCount(r mem.Ref, n uint16) {
	binary.LittleEndian.PutUint16(mem.Bytes(r, rawHead)[rawRefsOff:], n)
}

// NewLooseRaw allocates a block of n bytes that is no key's, payload unset, with one reference: for what many clients are
// sent. It may panic with mem.ErrOutOfMemory.
func NewLooseRaw(a *mem.Arena, n int) mem.Ref {
	r := a.Alloc(rawHead+n, mem.PurposeReplyBuffer)
	putRawHead(r, n, n)
	setRawCount(r, 1|rawLoose)
	return r
}

// PinRaw adds a reference, so that the block stays and keeps its bytes until UnpinRaw. It reports false when the block
// has as many references as it can count; the caller then copies the bytes.
func PinRaw(r mem.Ref) bool {
	n := rawCount(r)
	if n&^rawLoose == MaxRawRefs {
		return false
	}
	setRawCount(r, n+1)
	return true
}

// UnpinRaw gives up one reference and frees the block with the last one.
func UnpinRaw(a *mem.Arena, r mem.Ref) {
	n := rawCount(r)
	if n&^rawLoose > 1 {
		setRawCount(r, n-1)
		return
	}
	p := mem.PurposeString
	if n&rawLoose != 0 {
		p = mem.PurposeReplyBuffer
	}
	a.Free(r, RawSize(r), p)
}

// dropRaw gives up the reference of the key whose value the block was.
func dropRaw(a *mem.Arena, r mem.Ref) {
	if n := rawCount(r); n > 1 {
		setRawCount(r, n-1|rawLoose)
		a.Rebook(r, RawSize(r), mem.PurposeString, mem.PurposeReplyBuffer)
		return
	}
	a.Free(r, RawSize(r), mem.PurposeString)
}

// MakeRaw turns the string value into a raw block of its own with room for at least n bytes, so that it can be
// changed in place, and returns the entry's place. The value's length becomes max(old length, n); bytes beyond the
// old length are zero. A block that has to grow grows as SDS does: to twice what is needed below 1 MiB, by 1 MiB
// above. With n no larger than the value only the encoding changes.
func MakeRaw(a *mem.Arena, e Entry, n int) Entry {
	if e.Encoding() == Raw {
		if r := e.Root(); RawRefs(r) == 1 {
			e.SetRoot(growRaw(a, r, n))
			return e
		}
	}
	var buf Scratch
	text := e.Text(&buf)
	size, alloc := max(len(text), n), len(text)
	if n > len(text) {
		alloc = greedy(n)
	}
	block := newRawBlock(a, size, alloc)
	b := rawPayload(block, size)
	clear(b[copy(b, text):])
	off := e.valueOff()
	old := off + e.valueLen(off)
	at, held := e, e.held(off)
	if !a.ResizeInPlace(mem.Ref(e), old, off+refBytes, mem.PurposeEntry) {
		at = Entry(allocOrFree(a, off+refBytes, block, mem.PurposeEntry))
		copy(mem.Bytes(mem.Ref(at), off), mem.Bytes(mem.Ref(e), off))
		a.Free(mem.Ref(e), old, mem.PurposeEntry)
	}
	held.release(a)
	s := shape{enc: Raw}
	at.putShape(off, &s, block, StringLimits{})
	return at
}

// allocOrFree allocates an entry of n bytes; when memory is out, the block made for it (0: none) is given back first.
func allocOrFree(a *mem.Arena, n int, block mem.Ref, p mem.Purpose) mem.Ref {
	if block == 0 {
		return a.Alloc(n, p)
	}
	return allocWith(a, n, block, p)
}

// allocWith is apart from allocOrFree so that values without a block do not pay for the defer.
func allocWith(a *mem.Arena, n int, block mem.Ref, p mem.Purpose) mem.Ref {
	done := false
	defer func() {
		if !done {
			UnpinRaw(a, block)
		}
	}()
	r := a.Alloc(n, p)
	done = true
	return r
}

// rewriteRaw gives the block other bytes if nobody else refers to it and a new block for them would be of the same size
// class. The block is left as a new one would be.
func rewriteRaw(a *mem.Arena, r mem.Ref, val []byte) bool {
	if RawRefs(r) != 1 || !a.ResizeInPlace(r, RawSize(r), rawHead+len(val), mem.PurposeString) {
		return false
	}
	b := mem.Bytes(r, rawHead+len(val))
	put40(b[rawLenOff:], len(val))
	put40(b[rawAllocOff:], len(val))
	copy(b[rawHead:], val)
	return true
}

// growRaw makes the string at r at least n bytes long, zero-filled, and returns its place.
func growRaw(a *mem.Arena, r mem.Ref, n int) mem.Ref {
	length, alloc := rawLen(r), rawAlloc(r)
	if n <= length {
		return r
	}
	if n > alloc {
		// What the size class has beyond the request is ours already.
		room := mem.Usable(rawHead+alloc) - rawHead
		if n > room {
			room = mem.Usable(rawHead+greedy(n)) - rawHead
		}
		r = a.Resize(r, rawHead+alloc, rawHead+room, mem.PurposeString)
		put40(mem.Bytes(r, rawHead)[rawAllocOff:], room)
	}
	put40(mem.Bytes(r, rawHead)[rawLenOff:], n)
	clear(rawPayload(r, n)[length:])
	return r
}

func greedy(n int) int {
	if n < maxPrealloc {
		return 2 * n
	}
	return n + maxPrealloc
}
