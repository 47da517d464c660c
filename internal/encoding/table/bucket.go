package table

import (
	"encoding/binary"
	"math/bits"
	"unsafe"

	"granary/internal/mem"
	"granary/internal/swar"
)

const (
	bucketSize  = 64
	bucketSlots = 10
)

// bucket is one cache line; the layout is drawn in table.go.
type bucket struct {
	state state
	fps   [bucketSlots]uint8
	refs  [bucketSlots * mem.RefSize]uint8
}

// state is the first word of a bucket, drawn in table.go.
type state uint32

const (
	stateCountMask    state = 15
	stateFarOne       state = 1 << 4
	stateFarMask      state = 15 << 4
	stateForeignShift       = 8
	stateForeignMask  state = 1<<18 - 1<<8
	stateExpireShift        = 18
	stateExpireMask   state = 1<<28 - 1<<18
	stateNear         state = 1 << 28

	// maxFar is the largest far count; a home bucket with more in the stash makes the segment grow.
	maxFar = 15

	// slotBits are the two bits that travel with a slot.
	slotForeign state = 1 << stateForeignShift
	slotExpire  state = 1 << stateExpireShift
	slotBits          = slotForeign | slotExpire
)

func (s state) n() uint             { return uint(s & stateCountMask) }
func (s state) far() uint           { return uint(s&stateFarMask) >> 4 }
func (s state) foreign(i uint) bool { return s>>(i&31)&slotForeign != 0 }
func (s state) expire(i uint) bool  { return s>>(i&31)&slotExpire != 0 }

// firstOwn returns a slot whose entry is at home in the bucket, or n if there is none.
func (s state) firstOwn() uint {
	return min(uint(bits.TrailingZeros32(^uint32(s>>stateForeignShift))), s.n())
}

// firstForeign returns a foreign slot. REQUIRES: there is one.
func (s state) firstForeign() uint {
	return uint(bits.TrailingZeros32(uint32(s >> stateForeignShift)))
}

func bucketAt(seg unsafe.Pointer, i uint) *bucket {
	return (*bucket)(unsafe.Add(seg, i*bucketSize))
}

func load64(p unsafe.Pointer) uint64 { return binary.LittleEndian.Uint64((*[8]byte)(p)[:]) }

// match compares the ten fingerprints with that of h. The result has one bit per match, to be taken from
// the lowest by matched; slots from n on may match too.
//
// The first 16 bytes are two words: state, fp 0..3 | fp 4..9, two bytes of a Ref. In each the high bit of
// every equal byte is found exactly; then slots 0..3 are put at bits 7, 15, .. and slots 4..9 at 6, 14, ..
func (b *bucket) match(h uint64) uint64 {
	lo := swar.Marks(load64(unsafe.Pointer(b)), uint8(h))
	hi := swar.Marks(load64(unsafe.Add(unsafe.Pointer(b), 8)), uint8(h))
	return lo>>32 | hi<<16>>17
}

// matched returns the slot of the lowest bit of a result of match.
func matched(m uint64) uint {
	t := uint(bits.TrailingZeros64(m))
	return t>>3 + (^t&1)<<2
}

// ref returns the Ref of slot i. It is read by one load that ends where the slot ends, so that the last
// slot's does not leave the bucket.
func (b *bucket) ref(i uint) mem.Ref {
	return mem.Ref(load64(unsafe.Add(unsafe.Pointer(b), 11+i*mem.RefSize)) >> 24)
}

func (b *bucket) setRef(i uint, r mem.Ref) {
	p := (*[mem.RefSize]byte)(unsafe.Add(unsafe.Pointer(b), 14+i*mem.RefSize))
	binary.LittleEndian.PutUint32(p[:4], uint32(r))
	p[4] = byte(r >> 32)
}

// entries fills buf with all entries, and returns them.
func (b *bucket) entries(buf *[bucketSlots]mem.Ref) []mem.Ref {
	n := b.state.n()
	for i := range n {
		buf[i] = b.ref(i)
	}
	return buf[:n]
}

// prefetch asks for all entries. They are cache misses, which overlap when nothing waits for each.
func (b *bucket) prefetch() {
	var at [bucketSlots]unsafe.Pointer
	n := b.state.n()
	for i := range n {
		at[i] = mem.Ptr(b.ref(i))
	}
	mem.Prefetch(at[:n])
}

func (b *bucket) fp(i uint) uint8 {
	return *(*uint8)(unsafe.Add(unsafe.Pointer(b), 4+i))
}

// push adds a slot, with the bits (slotForeign, slotExpire) that it has, and returns its index.
//
// REQUIRES: n < bucketSlots.
func (b *bucket) push(fp uint8, r mem.Ref, bits state) uint {
	i := b.state.n()
	*(*uint8)(unsafe.Add(unsafe.Pointer(b), 4+i)) = fp
	b.setRef(i, r)
	b.state += 1 + bits<<(i&31)
	return i
}

// remove takes slot i out; the last slot takes its place.
func (b *bucket) remove(i uint) {
	last := b.state.n() - 1
	bits := b.state >> (last & 31) & slotBits
	b.state &^= slotBits<<(i&31) | slotBits<<(last&31)
	b.state--
	if i != last {
		*(*uint8)(unsafe.Add(unsafe.Pointer(b), 4+i)) = b.fp(last)
		b.setRef(i, b.ref(last))
		b.state |= bits << (i & 31)
	}
}
