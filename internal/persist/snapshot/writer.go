package snapshot

import (
	"encoding/binary"
	"sync"
	"sync/atomic"
	"time"

	"granary/internal/mem"
	"granary/internal/object"
	"granary/internal/persist/rdb"
	"granary/internal/proctitle"
)

// longestPacked is the longest string that is compressed: as much memory again is needed for that.
const longestPacked = 16 << 20

// writer takes blocks off a queue, and writes them. The queue is between the keyspace lock and the writer's goroutine; what
// the goroutine alone uses is below it.
type writer struct {
	mu     sync.Mutex
	wake   *sync.Cond // the queue is longer, or closed; something was written
	queue  []block
	hand   block     // being written
	free   []block   // that were written
	pinned []mem.Ref // strings that were written
	closed bool
	ended  bool
	err    error
	bytes  int64

	keys atomic.Int64 // whose records were written

	target Target
	opt    Options
	packer *rdb.Compressor
	crc    uint64
}

func (w *writer) init(target Target, opt Options) {
	w.target, w.opt = target, opt
	w.wake = sync.NewCond(&w.mu)
	if opt.Compress {
		w.packer = new(rdb.Compressor)
	}
}

// push adds to the queue.
func (w *writer) push(b block) {
	w.mu.Lock()
	w.queue = append(w.queue, b)
	w.mu.Unlock()
	w.wake.Broadcast()
}

// close tells that nothing more will come.
func (w *writer) close() {
	w.mu.Lock()
	w.closed = true
	w.mu.Unlock()
	w.wake.Broadcast()
}

// fail makes err the end of it, unless there is one.
func (w *writer) fail(err error) {
	w.mu.Lock()
	if w.err == nil {
		w.err = err
	}
	w.mu.Unlock()
}

func (w *writer) failed() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.err != nil
}

// waiting returns how many blocks wait.
func (w *writer) waiting() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.queue)
}

// over reports whether the goroutine has ended.
func (w *writer) over() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.ended
}

// used returns a block that was written, with its marks to be used again, if there is one, and the strings that were.
func (w *writer) used() (free block, pinned []mem.Ref) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if n := len(w.free); n > 0 {
		free = w.free[n-1]
		w.free = w.free[:n-1]
	}
	pinned, w.pinned = w.pinned, nil
	return free, pinned
}

// giveBack takes a block back.
func (w *writer) giveBack(r mem.Ref) {
	w.mu.Lock()
	w.free = append(w.free, block{ref: r})
	w.mu.Unlock()
}

// wait blocks until something was written, or the goroutine has ended.
func (w *writer) wait() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for n := len(w.queue); !w.ended && (len(w.queue) >= n && n > 0 || w.closed); {
		w.wake.Wait()
	}
}

// run is the goroutine.
func (w *writer) run() {
	proctitle.Thread("snapshot")
	for {
		b, ok := w.pop()
		if !ok {
			break
		}
		if !w.failed() {
			if err := w.write(b); err != nil {
				w.fail(err)
			}
			if w.opt.Delay > 0 {
				w.sleep(time.Duration(b.keys) * w.opt.Delay)
			}
		}
		w.mu.Lock()
		w.hand = block{}
		if b.text {
			w.pinned = append(w.pinned, b.ref)
		} else {
			w.free = append(w.free, block{ref: b.ref, marks: b.marks[:0]})
		}
		w.mu.Unlock()
		w.wake.Broadcast()
	}
	w.finish()
}

// sleep waits for that long, or until the snapshot has failed.
func (w *writer) sleep(d time.Duration) {
	const step = 10 * time.Millisecond
	for end := time.Now().Add(d); !w.failed(); {
		left := time.Until(end)
		if left <= 0 {
			return
		}
		time.Sleep(min(left, step))
	}
}

// pop takes the first of the queue; false when nothing more will come.
func (w *writer) pop() (b block, ok bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for len(w.queue) == 0 {
		if w.closed {
			return b, false
		}
		w.wake.Wait()
	}
	b = w.queue[0]
	w.queue[0] = block{}
	w.queue = w.queue[1:]
	w.hand = b
	return b, true
}

// write writes what a block has.
func (w *writer) write(b block) error {
	defer w.keys.Add(int64(b.keys))
	if b.text {
		return w.text(object.RawBytes(b.ref))
	}
	out := mem.Bytes(b.ref, b.used)
	if w.packer != nil {
		out = w.packer.Compress(rdb.Block{Bytes: out, Marks: b.marks})
	}
	return w.put(out)
}

// text writes a long string.
func (w *writer) text(p []byte) error {
	if w.packer != nil && len(p) <= longestPacked {
		return w.put(w.packer.String(p))
	}
	if err := w.put(rdb.AppendLength(nil, uint64(len(p)))); err != nil {
		return err
	}
	return w.put(p)
}

// put writes bytes and adds them up.
func (w *writer) put(p []byte) error {
	if w.opt.Checksum {
		w.crc = rdb.CRC(w.crc, p)
	}
	n, err := w.target.Write(p)
	w.mu.Lock()
	w.bytes += int64(n)
	w.mu.Unlock()
	return err
}

// finish writes the trailer and ends it. How the target ends is how it ends: what is whole and in its place is a success, though it
// may have been given up meanwhile.
func (w *writer) finish() {
	err := w.end()
	if err == nil {
		err = w.put(binary.LittleEndian.AppendUint64(nil, w.crc))
	}
	err = w.target.Finish(err)
	w.mu.Lock()
	w.err, w.ended = err, true
	w.mu.Unlock()
	w.wake.Broadcast()
}

// end returns the error that there is.
func (w *writer) end() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.err
}
