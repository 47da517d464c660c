package aof

import (
	"strconv"

	"granary/internal/mem"
)

// How effects get into blocks. All of it happens under the keyspace lock.

// Append appends an effect. db is -1 if it means the same in every database; now is the Unix time in seconds that it is
// annotated with, 0: it is not.
func (l *Log) Append(db int, args [][]byte, now int64) {
	if now > l.stamp && !l.inMulti {
		l.stamp = now
		var line [32]byte
		b := append(line[:0], "#TS:"...)
		b = strconv.AppendInt(b, now, 10)
		l.put1(append(b, '\r', '\n'))
	}
	if db >= 0 && db != l.db {
		l.selectDB(db)
	}
	if db < 0 && len(args) == 1 {
		l.inMulti = len(args[0]) == len("MULTI")
	}
	n := head(len(args))
	for _, a := range args {
		n += head(len(a)) + len(a) + 2
	}
	if c := l.cur; c != nil && n <= len(c.b)-c.fill {
		// Fast path: all of it fits.
		b := putHead(c.b[c.fill:c.fill+n], '*', len(args))
		for _, a := range args {
			b = putHead(b, '$', len(a))
			k := copy(b, a)
			b[k+1] = '\n'
			b[k] = '\r'
			b = b[k+2:]
		}
		c.fill += n
		l.appended += int64(n)
		return
	}
	var line [24]byte
	l.put1(appendHead(line[:0], '*', len(args)))
	for _, a := range args {
		l.put1(appendHead(line[:0], '$', len(a)))
		l.put1(a)
		l.put1([]byte("\r\n"))
	}
}

func (l *Log) selectDB(db int) {
	l.db = db
	var digits [20]byte
	d := strconv.AppendInt(digits[:0], int64(db), 10)
	var line [64]byte
	b := append(line[:0], "*2\r\n$6\r\nSELECT\r\n"...)
	b = appendHead(b, '$', len(d))
	b = append(b, d...)
	l.put1(append(b, '\r', '\n'))
}

// head is the length of what appendHead appends.
func head(n int) int {
	k := 4
	for n >= 10 {
		n /= 10
		k++
	}
	return k
}

// putHead is appendHead at the beginning of b. It returns what is left of b.
func putHead(b []byte, kind byte, n int) []byte {
	switch {
	case n < 10:
		b[3] = '\n'
		b[2] = '\r'
		b[1] = '0' + byte(n)
		b[0] = kind
		return b[4:]
	case n < 100:
		b[4] = '\n'
		b[3] = '\r'
		b[2] = '0' + byte(n%10)
		b[1] = '0' + byte(n/10)
		b[0] = kind
		return b[5:]
	}
	return b[len(appendHead(b[:0], kind, n)):]
}

func appendHead(b []byte, kind byte, n int) []byte {
	b = append(b, kind)
	b = strconv.AppendInt(b, int64(n), 10)
	return append(b, '\r', '\n')
}

// put1 appends bytes, over as many blocks as they need.
func (l *Log) put1(p []byte) {
	for len(p) > 0 {
		c := l.cur
		if c == nil || c.fill == len(c.b) {
			c = l.next()
		}
		n := copy(c.b[c.fill:], p)
		c.fill += n
		l.appended += int64(n)
		p = p[n:]
	}
}

// next makes another block the one to be filled.
func (l *Log) next() *block {
	l.mu.Lock()
	var c *block
	if n := len(l.spare); n > 0 {
		c = l.spare[n-1]
		l.spare = l.spare[:n-1]
	}
	l.mu.Unlock()
	if c == nil {
		c = l.alloc()
	}
	c.fill, c.at = 0, l.appended
	l.mu.Lock()
	l.queue = append(l.queue, c)
	l.mu.Unlock()
	l.cur = c
	return c
}

// alloc returns a new block. An effect cannot be refused any more; so when our memory is out, it takes that of Go.
func (l *Log) alloc() (c *block) {
	defer func() {
		if x := recover(); x != nil {
			if x != error(mem.ErrOutOfMemory) {
				panic(x)
			}
			mem.BookOutside(mem.PurposeAOFBuffer, blockSize)
			c = &block{b: make([]byte, blockSize)}
		}
	}()
	ref := l.opt.Arena.Alloc(blockSize, mem.PurposeAOFBuffer)
	return &block{ref: ref, b: mem.Bytes(ref, blockSize)}
}

// drop gives a block back.
func (l *Log) drop(b *block) {
	if b.ref == 0 {
		mem.BookOutside(mem.PurposeAOFBuffer, -blockSize)
		return
	}
	l.opt.Arena.Free(b.ref, blockSize, mem.PurposeAOFBuffer)
}

// Rest gives back memory that is not needed for now, and with idle all of it. It is called from time to time.
func (l *Log) Rest(idle bool) {
	if !l.wmu.TryLock() { // somebody is writing
		return
	}
	l.mu.Lock()
	list := l.spare
	l.spare = nil
	if c := l.cur; idle && c != nil && len(l.queue) == 1 && l.written.Load() == l.appended {
		list = append(list, c)
		l.queue, l.cur = nil, nil
	}
	l.mu.Unlock()
	l.wmu.Unlock()
	for _, b := range list {
		l.drop(b)
	}
}

// Memory returns the bytes of all blocks. REQUIRES: the keyspace lock.
func (l *Log) Memory() int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return int64(len(l.queue)+len(l.spare)) * blockSize
}
