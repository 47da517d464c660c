package netloop

import (
	"unsafe"

	"granary/internal/mem"
)

const (
	staticMin = 1 << 10  // the static block when it is first needed, and the least it shrinks to
	staticMax = 16 << 10 // and the most it grows to
	blockMin  = 16 << 10 // the least size of a block of the list
	pinMin    = 16 << 10 // values shorter than this are copied
	makeMost  = 1 << 20  // bytes copied to blocks in one Serve, after which others have their turn

	segSize = int(unsafe.Sizeof(segment{}))
)

// connSize is what a Conn takes on the Go heap.
var connSize = mem.GoStructSize(int(unsafe.Sizeof(Conn{})))

type segKind uint8

const (
	segStatic segKind = iota // in the static block
	segBlock                 // in a block of the list
	segPinned                // in a string of the keyspace
)

// A segment is a run of output bytes that is sealed.
type segment struct {
	ref  mem.Ref // the allocation it lies in
	off  int     // where in it
	n    int     // how many bytes
	size int     // the allocation's size if it is freed with this segment, else 0
	kind segKind
}

func (s *segment) bytes() []byte { return mem.Bytes(s.ref, s.off+s.n)[s.off:] }

// output is the reply side of a connection.
//
// INVARIANT: when nothing waits, queue is empty and the open segment begins at
// the front of the static block (or there is none).
type output struct {
	static     mem.Ref
	staticSize int
	peak       int   // most bytes in the static block since peakAt, or that it could have held
	peakAt     int64 // milliseconds

	queue []segment // sealed segments; those before head are sent
	head  int
	first uint64 // number of queue[head]
	sent  int    // bytes sent of the oldest segment

	// The open segment: where Conn.Out appends.
	open segment

	listMem  int
	pinned   int   // bytes of listMem that are in strings, not in blocks
	waiting  int   // bytes of the queue, those sent of its first segment included
	inStatic int   // bytes of the queue in the static block, likewise
	listLen  int32 // blocks and strings
	rows     int32 // cap(queue) as it is booked
}

// queueKeep is the rows for which room is kept when nothing waits.
const queueKeep = 32

// staticLen returns the bytes waiting in the static block.
func (o *output) staticLen(c *Conn) int {
	n := o.inStatic
	if o.open.kind == segStatic {
		n += len(c.Out.Pending())
	}
	return n
}

// push adds a segment to the queue.
func (o *output) push(s segment) {
	o.queue = append(o.queue, s)
	if cap(o.queue) != int(o.rows) {
		o.bookRows()
	}
	o.waiting += s.n
	if s.kind == segStatic {
		o.inStatic += s.n
	}
}

// filled notes that size bytes more were copied to blocks: so much output may
// wait, or have been made in this Serve, that no more is made for now.
func (c *Conn) filled(size int) {
	if c.loop.made += size; c.loop.made > makeMost {
		c.flags |= flagYield
	}
	if c.out.waiting-c.out.sent > c.loop.group.opts.OutputBound {
		c.flags |= flagFull
	}
}

// empty is the end of filled: what was not executed is.
func (c *Conn) empty() {
	if c.has(flagFull) {
		c.flags &^= flagFull
		c.Again()
	}
}

// bookRows books the queue's room, which lies on the Go heap.
func (o *output) bookRows() {
	mem.BookOutside(mem.PurposeReplyBuffer, rowBytes(cap(o.queue))-rowBytes(int(o.rows)))
	o.rows = int32(cap(o.queue))
}

func rowBytes(n int) int64 { return int64(n * segSize) }

// shrinkQueue takes rows that are sent off the queue, so that one that is never empty does not grow for ever.
func (o *output) shrinkQueue() {
	switch {
	case o.head == len(o.queue):
		o.queue, o.head = o.queue[:0], 0
		if cap(o.queue) > queueKeep {
			o.queue = nil
			o.bookRows()
		}
	case o.head >= queueKeep && o.head >= len(o.queue)/2:
		// What is moved is no more than what was sent since the last time.
		left := o.queue[o.head:]
		if cap(o.queue) > 4*len(left) && cap(o.queue) > queueKeep {
			o.queue = append(make([]segment, 0, 2*len(left)), left...)
			o.bookRows()
		} else {
			o.queue = o.queue[:copy(o.queue, left)]
		}
		o.head = 0
	}
}

// pending reports whether output waits to be written.
func (c *Conn) pending() bool {
	return len(c.Out.Pending()) > 0 || len(c.out.queue) > 0
}

// waiting returns the number of bytes that wait to be written.
func (c *Conn) waiting() int { return c.out.waiting + len(c.Out.Pending()) - c.out.sent }

// More implements resp.Sink.
func (c *Conn) More(n, need int) ([]byte, bool) {
	o := &c.out
	l := c.loop
	switch {
	case c.has(flagDead):
		// Nobody will read it: write it all into the same place.
		return l.waste(), true
	case c.has(flagServing) && o.staticSize < staticMax && o.open.kind == segStatic && len(o.queue) == 0 && n+need <= staticMax,
		o.staticSize == 0:
		// Only what the client asks for makes its block larger: messages to ten thousand subscribers would leave each with
		// one, for seconds, and with maxmemory that costs keys. A block of the list is gone when it is sent.
		return c.growStatic(n, need), false
	}

	size := max(need, blockMin)
	ref := l.arena.Alloc(size, mem.PurposeReplyBuffer) // may panic: first
	o.seal(n)
	o.open = segment{ref: ref, size: size, kind: segBlock}
	o.listLen++
	o.listMem += mem.Usable(size)
	c.filled(size)
	l.handler.Output(c)
	return mem.Bytes(o.open.ref, size), true
}

// growStatic makes the static block large enough for n + need bytes, or as
// large as it gets.
func (c *Conn) growStatic(n, need int) []byte {
	o := &c.out
	size := staticMin
	for size < n+need && size < staticMax {
		size *= 2
	}
	if n+need > staticMax {
		size = staticMin
	}
	if o.staticSize > 0 {
		c.loop.group.expands.Add(1)
	}
	c.setStatic(size)
	return mem.Bytes(o.static, size)
}

// setStatic gives the static block another size; 0 frees it. The bytes in it
// are kept, and Out must be told where they are.
//
// REQUIRES: the queue is empty, and size is at least the bytes in it.
func (c *Conn) setStatic(size int) {
	o := &c.out
	a := c.loop.arena
	switch {
	case size == 0 && o.static == 0:
	case size == 0:
		a.Free(o.static, o.staticSize, mem.PurposeReplyBuffer)
		o.static = 0
	case o.static == 0:
		o.static = a.Alloc(size, mem.PurposeReplyBuffer)
	default:
		to := a.Alloc(size, mem.PurposeReplyBuffer)
		copy(mem.Bytes(to, size), c.Out.Pending())
		a.Free(o.static, o.staticSize, mem.PurposeReplyBuffer)
		o.static = to
	}
	o.staticSize = size
	o.open = segment{ref: o.static, kind: segStatic}
}

// seal moves the open segment, which holds n bytes, to the queue.
func (o *output) seal(n int) {
	s := o.open
	s.n = n
	if s.kind == segStatic {
		o.peak = max(o.peak, s.off+n)
	}
	o.push(s)
}

// Refer implements resp.Sink.
func (c *Conn) Refer(n0 int, ref mem.Ref, off, n int) bool {
	if n < pinMin || c.has(flagDead) || c.loop.portable {
		return false
	}
	o := &c.out
	size := o.open.size
	o.open.size = 0 // the block is freed with its last segment
	o.seal(n0)
	o.open.size = size
	o.open.off += n0
	if o.queue[len(o.queue)-1].kind == segStatic {
		// The value counts as if it were copied: the block of a client that
		// reads large values grows as it does under Redis.
		o.peak = max(o.peak, min(n0+n, staticMax))
	}
	o.push(segment{ref: ref, off: off, n: n, kind: segPinned})
	o.listLen++
	o.listMem += n
	o.pinned += n
	c.filled(0)
	c.loop.handler.Output(c)
	return true
}

// Sealed implements resp.Sink.
func (c *Conn) Sealed(seq uint64) []byte {
	if c.has(flagDead) {
		return c.loop.waste()
	}
	return c.out.queue[c.out.head+int(seq-c.out.first)].bytes()
}

// Shorten implements resp.Sink.
func (c *Conn) Shorten(seq uint64, n int) {
	if c.has(flagDead) {
		return
	}
	s := &c.out.queue[c.out.head+int(seq-c.out.first)]
	c.out.waiting -= s.n - n
	if s.kind == segStatic {
		c.out.inStatic -= s.n - n
	}
	s.n = n
}

// advance takes n bytes, which were sent, off the front of the output.
func (c *Conn) advance(n int) {
	o := &c.out
	for o.head < len(o.queue) {
		s := &o.queue[o.head]
		left := s.n - o.sent
		if n < left {
			o.sent += n
			o.shrinkQueue()
			return
		}
		n -= left
		o.waiting -= s.n
		if s.kind == segStatic {
			o.inStatic -= s.n
		}
		o.sent = 0
		c.dropSegment(s)
		o.head++
		o.first++
	}
	if len(o.queue) > 0 {
		o.shrinkQueue()
	}
	o.sent += n
	if o.sent < len(c.Out.Pending()) {
		return
	}

	// All is sent: the open segment becomes the whole static block again.
	if o.open.kind == segStatic {
		o.peak = max(o.peak, o.open.off+o.sent)
	}
	o.sent = 0
	c.Out.Drained()
	if o.open.kind == segStatic && o.open.off == 0 {
		return
	}
	if o.open.kind == segBlock {
		c.dropSegment(&o.open)
	}
	o.openStatic(c)
}

// openStatic makes the static block, empty, the open segment.
func (o *output) openStatic(c *Conn) {
	o.open = segment{ref: o.static, kind: segStatic}
	if o.static == 0 {
		c.Out.SetBlock(nil)
		return
	}
	c.Out.SetBlock(mem.Bytes(o.static, o.staticSize))
}

// dropSegment gives back what a sealed segment holds.
func (c *Conn) dropSegment(s *segment) {
	o, l := &c.out, c.loop
	switch {
	case s.kind == segPinned:
		l.unpins = append(l.unpins, s.ref)
		o.listLen--
		o.listMem -= s.n
		o.pinned -= s.n
	case s.size > 0 && s.kind == segBlock:
		l.arena.Free(s.ref, s.size, mem.PurposeReplyBuffer)
		o.listLen--
		o.listMem -= mem.Usable(s.size)
	}
}

// dropOutput frees everything on the reply side.
func (c *Conn) dropOutput() {
	o := &c.out
	for i := o.head; i < len(o.queue); i++ {
		c.dropSegment(&o.queue[i])
	}
	if o.open.kind == segBlock {
		c.dropSegment(&o.open)
	}
	o.queue, o.head, o.sent, o.waiting, o.inStatic = nil, 0, 0, 0, 0
	o.bookRows()
	c.Out.Drained()
	c.Out.SetBlock(nil)
	c.setStatic(0)
}
