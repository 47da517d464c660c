package aof

import (
	"errors"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"granary/internal/config"
	"granary/internal/mem"
	"granary/internal/persist/pagecache"
	"granary/internal/proctitle"
)

// The increment being written.
//
//	Append        under the keyspace lock   effects become requests in blocks of memory
//	Publish       likewise, at its end      what was appended may be written
//	Flush         without it                blocks ──> file, one write at a time; with the policy always ──> disk
//	run           a goroutine               every second: file ──> disk; tries again what failed
//
// Everything is counted in positions: the number of bytes before it since the log began, whatever file they went to.
//
//	synced <= written <= published <= appended
//
// A new increment is a mark at a position (Turn): what lies before it goes to the old file, what lies behind it to the new one.
// So whoever takes a snapshot under the keyspace lock cuts the log at that very moment, and the disk is not touched for it.
//
// Fsync makes writes to the same file wait, so under everysec a write is put off while one is under way, for two seconds
// at most, as Redis does. Likewise nothing is written to a new file before the old one is on the disk: a failure of power never
// leaves the end of the old one torn and something in the new one, which could not be loaded.

const (
	// blockSize is the bytes of a block: a large region, which no compaction moves.
	blockSize = 64 << 10

	longestDelay = 2 * time.Second
	retryEvery   = time.Second
	sayEvery     = 30 * time.Second // between two lines about errors that go on
)

// Options are what a Log needs of those around it.
type Options struct {
	Arena   *mem.Arena // of blocks; used under the keyspace lock only
	Warning func(format string, args ...any)
	// Fatal is called when what is to be answered cannot be kept. It does not return.
	Fatal func()
	// Moved, which may be nil, is called when more is on the disk (Synced), by whoever brought it there.
	Moved func()
}

// Log is the increment being written.
type Log struct {
	opt    Options
	policy atomic.Int32 // config.AppendFsync
	lazy   atomic.Bool  // everysec does not sync for now (no-appendfsync-on-rewrite)

	// Guarded by the keyspace lock.
	cur      *block
	db       int // of the last SELECT, -1: there was none
	stamp    int64
	inMulti  bool
	appended int64

	// Between the keyspace lock and those who write.
	mu        sync.Mutex
	queue     []*block // in order; the last one is cur
	spare     []*block // that were written
	turns     []turn
	retired   []retired // to be synced and closed, by who holds rmu
	published atomic.Int64

	rmu sync.Mutex // taken after wmu, before mu

	// Guarded by wmu, which is held during writes. It is taken before mu.
	wmu    sync.Mutex
	file   *os.File
	begun  int64 // size of the file when it was opened
	putOff time.Time
	said   time.Time

	size    atomic.Int64 // of the file
	written atomic.Int64
	synced  atomic.Int64
	syncing atomic.Bool
	delayed atomic.Int64
	failure atomic.Pointer[Failure]
	unsync  atomic.Pointer[Failure]

	delay atomic.Int64 // before each write, ns (SetDelay)

	kick chan struct{}
	stop chan struct{}
	done chan struct{} // run has ended
}

// Failure is an error that writes are refused for.
type Failure struct{ Err error }

// block is memory that is filled, and then written.
type block struct {
	ref  mem.Ref // 0: on the Go heap, as there was no memory of ours
	b    []byte
	fill int
	at   int64 // position of its first byte
}

// turn is a mark: from here on, another file is written.
type turn struct {
	at   int64
	file *os.File
}

// retired is a file that is not written any more.
type retired struct {
	file *os.File
	end  int64 // position behind its last byte
}

// Open begins a log at the end of a file, which is its owner's from now on.
func Open(f *os.File, opt Options) (*Log, error) {
	st, err := f.Stat()
	if err != nil {
		return nil, err
	}
	l := &Log{
		opt: opt, file: f, db: -1, begun: st.Size(),
		kick: make(chan struct{}, 1), stop: make(chan struct{}), done: make(chan struct{}),
	}
	l.size.Store(st.Size())
	go l.run()
	return l, nil
}

// SetPolicy sets when the file is synced.
func (l *Log) SetPolicy(p config.AppendFsync) {
	l.policy.Store(int32(p))
	l.wake()
}

// SetDelay has each write wait.
func (l *Log) SetDelay(d time.Duration) { l.delay.Store(int64(d)) }

// SetLazy says whether syncing is left out for now.
func (l *Log) SetLazy(on bool) { l.lazy.Store(on) }

func (l *Log) always() bool { return l.policy.Load() == int32(config.FsyncAlways) }

// Size returns the bytes of the file that is being written.
func (l *Log) Size() int64 { return l.size.Load() }

// Waiting returns the bytes that are not yet written. REQUIRES: the keyspace lock.
func (l *Log) Waiting() int64 { return l.appended - l.written.Load() }

// Appended returns the position behind the last effect. REQUIRES: the keyspace lock.
func (l *Log) Appended() int64 { return l.appended }

// Written returns the position up to which everything is in the files.
func (l *Log) Written() int64 { return l.written.Load() }

// Synced returns the position up to which everything is on the disk.
func (l *Log) Synced() int64 { return l.synced.Load() }

// Syncing reports whether the goroutine is syncing a file.
func (l *Log) Syncing() bool { return l.syncing.Load() }

// Delayed returns how often a write had to wait for fsync for longer than it may be put off.
func (l *Log) Delayed() int64 { return l.delayed.Load() }

// Failing returns why writes are to be refused, nil if they are not.
func (l *Log) Failing() *Failure {
	if f := l.failure.Load(); f != nil {
		return f
	}
	return l.unsync.Load()
}

// Pending reports whether a Flush has something to do.
func (l *Log) Pending() bool {
	return l.published.Load() > l.written.Load() || l.always() && l.written.Load() > l.synced.Load()
}

// Turn has everything that is appended from now on go to another file. REQUIRES: the keyspace lock.
func (l *Log) Turn(f *os.File) {
	l.mu.Lock()
	l.turns = append(l.turns, turn{l.appended, f})
	l.mu.Unlock()
	l.db, l.stamp, l.inMulti = -1, 0, false
	l.wake()
}

// Publish lets be written what was appended. REQUIRES: the keyspace lock. It reports whether a Flush has something to do.
func (l *Log) Publish() bool {
	if l.published.Load() == l.appended {
		return l.Pending()
	}
	l.mu.Lock()
	l.published.Store(l.appended)
	l.mu.Unlock()
	return true
}

// Flush writes what was published. Under everysec it may be put off. With the policy always everything that was published is on
// the disk when it returns.
func (l *Log) Flush() {
	if d := l.delay.Load(); d > 0 {
		time.Sleep(time.Duration(d))
	}
	goal := l.published.Load()
	l.wmu.Lock()
	defer l.wmu.Unlock()
	if l.always() {
		if l.synced.Load() < goal { // others may have done it meanwhile
			l.write()
			l.sync()
		}
		return
	}
	if l.written.Load() >= goal && !l.turning() || l.failure.Load() != nil || l.wait() {
		return
	}
	l.write()
}

// FlushAll writes what was published, and syncs it. It reports whether that succeeded.
func (l *Log) FlushAll() bool {
	l.wmu.Lock()
	defer l.wmu.Unlock()
	for all := false; !all; all = l.written.Load() == l.published.Load() && !l.turning() {
		if !l.write() || l.closeRetired() != nil {
			return false
		}
	}
	if fdatasync(l.file) != nil {
		return false
	}
	l.settled(l.written.Load())
	return true
}

// turning reports whether a turn has come.
func (l *Log) turning() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.turns) > 0 && l.turns[0].at <= l.published.Load()
}

// unsettled reports whether files of which others have taken the place are still to be synced.
func (l *Log) unsettled() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.retired) > 0
}

func (l *Log) everySec() bool { return l.policy.Load() == int32(config.FsyncEverySec) }

// wait reports whether writing is put off because a sync is under way. REQUIRES: wmu.
func (l *Log) wait() bool {
	if !l.everySec() || !l.syncing.Load() && !l.unsettled() {
		l.putOff = time.Time{}
		return false
	}
	now := time.Now()
	if l.putOff.IsZero() {
		l.putOff = now
	}
	if now.Sub(l.putOff) < longestDelay {
		return true
	}
	l.delayed.Add(1)
	l.putOff = time.Time{}
	l.opt.Warning("Asynchronous AOF fsync is taking too long (disk is busy?). Writing the AOF buffer without waiting for fsync to complete, this may slow down the server.")
	return false
}

// write writes everything that was published, from file to file; under everysec no further than the end of a file, which is to be
// synced first. It reports false if that failed. REQUIRES: wmu.
func (l *Log) write() bool {
	for {
		l.mu.Lock()
		end, over := l.published.Load(), false
		if len(l.turns) > 0 && l.turns[0].at <= end {
			end, over = l.turns[0].at, true
		}
		pieces := l.pieces(end)
		l.mu.Unlock()
		if len(pieces) > 0 && !l.put(pieces, end) {
			return false
		}
		if !over {
			return true
		}
		if l.always() {
			l.sync()
		}
		l.mu.Lock()
		l.retired = append(l.retired, retired{l.file, end})
		l.file = l.turns[0].file
		l.turns = l.turns[1:]
		l.size.Store(0)
		l.mu.Unlock()
		l.wake()
		if l.everySec() {
			return true
		}
	}
}

// pieces returns what lies between written and end. REQUIRES: wmu and mu.
func (l *Log) pieces(end int64) (list [][]byte) {
	from := l.written.Load()
	for _, b := range l.queue {
		lo, hi := max(from-b.at, 0), min(end-b.at, int64(len(b.b)))
		if lo < hi {
			list = append(list, b.b[lo:hi])
		}
	}
	return list
}

// put writes pieces, which end at a position, to the file: all of them, or none. REQUIRES: wmu.
func (l *Log) put(pieces [][]byte, end int64) bool {
	size, done, want := l.size.Load(), int64(0), end-l.written.Load()
	for _, p := range pieces {
		n, err := l.file.Write(p)
		done += int64(n)
		if err != nil {
			l.failed(err, size, done, want)
			return false
		}
	}
	l.size.Store(size + done)
	l.written.Store(end)
	l.release(end)
	if l.failure.Swap(nil) != nil {
		l.opt.Warning("AOF write error looks solved. The server can write again.")
	}
	return true
}

// failed takes back what was written in part, and says so now and then. REQUIRES: wmu.
func (l *Log) failed(err error, size, done, want int64) {
	say := time.Since(l.said) > sayEvery
	if say {
		l.said = time.Now()
	}
	var no syscall.Errno
	if !errors.As(err, &no) {
		no = syscall.EIO
	}
	switch {
	case done == 0 && say:
		l.opt.Warning("Error writing to the AOF file: %s", Text(no))
	case done > 0 && say:
		l.opt.Warning("Short write while writing to the AOF file: (nwritten=%d, expected=%d)", done, want)
	}
	if done > 0 {
		if e := l.file.Truncate(size); e != nil {
			// What there is stays, and what follows goes behind it.
			if say {
				l.opt.Warning("Could not remove short write from the append-only file. The server may refuse to load the AOF the next time it starts. ftruncate: %v", e)
			}
			l.size.Store(size + done)
			l.written.Add(done)
		} else if _, e := l.file.Seek(size, 0); e != nil && say {
			l.opt.Warning("Could not go back in the append-only file: %v", e)
		}
	}
	if l.always() {
		l.opt.Warning("Can't recover from AOF write error when the AOF fsync policy is 'always'. Exiting...")
		l.opt.Fatal()
	}
	l.failure.Store(&Failure{no})
}

// release takes blocks out of the queue that were written. The last one stays: it is being filled. REQUIRES: wmu.
func (l *Log) release(end int64) {
	l.mu.Lock()
	for len(l.queue) > 1 && l.queue[0].at+int64(len(l.queue[0].b)) <= end {
		l.spare = append(l.spare, l.queue[0])
		l.queue[0] = nil
		l.queue = l.queue[1:]
	}
	l.mu.Unlock()
}

// sync brings everything that was written to the disk: the policy is always. REQUIRES: wmu.
func (l *Log) sync() {
	w := l.written.Load()
	if l.synced.Load() >= w || l.lazy.Load() {
		return
	}
	err := l.closeRetired() // of a time of another policy
	if err == nil {
		err = fdatasync(l.file)
	}
	if err != nil {
		l.opt.Warning("Can't persist AOF for fsync error when the AOF fsync policy is 'always': %s. Exiting...", Text(err))
		l.opt.Fatal()
	}
	l.settled(w)
}

// settled notes that what a file has up to a position is on the disk. What lies before that file has to be, too: otherwise nothing
// is noted until closeRetired has synced the files before it.
func (l *Log) settled(w int64) {
	l.mu.Lock()
	synced := l.synced.Load()
	moved := w > synced && !slices.ContainsFunc(l.retired, func(r retired) bool { return r.end > synced && r.end < w })
	if moved {
		l.synced.Store(w)
	}
	l.mu.Unlock()
	if moved && l.opt.Moved != nil {
		l.opt.Moved()
	}
}

// wake makes the goroutine look at once.
func (l *Log) wake() {
	select {
	case l.kick <- struct{}{}:
	default:
	}
}

// run is the goroutine.
func (l *Log) run() {
	defer close(l.done)
	proctitle.Thread("aof-sync")
	every := time.NewTicker(retryEvery)
	defer every.Stop()
	for {
		tick := false
		select {
		case <-l.stop:
			l.closeRetired()
			return
		case <-l.kick:
		case <-every.C:
			tick = true
		}
		if l.turning() {
			l.Flush()
		}
		err := l.closeRetired()
		if tick && l.failure.Load() != nil {
			l.wmu.Lock()
			l.write()
			l.wmu.Unlock()
		}
		if l.Pending() { // what was put off
			l.Flush()
		}
		if tick && err == nil && (l.everySec() && !l.lazy.Load() || l.unsync.Load() != nil) {
			l.everySecond()
			if l.Pending() {
				l.Flush()
			}
		}
		if tick && l.always() {
			l.wmu.Lock()
			f, size := l.file, l.size.Load()
			l.wmu.Unlock()
			pagecache.Drop(f, size)
		}
	}
}

// everySecond syncs what was written.
func (l *Log) everySecond() {
	l.wmu.Lock()
	f, w, size := l.file, l.written.Load(), l.size.Load()
	l.wmu.Unlock()
	if (w > l.synced.Load() || l.unsync.Load() != nil) && l.syncAside(f) == nil {
		l.settled(w)
		pagecache.Drop(f, size)
	}
}

// closeRetired syncs and closes the files of which others have taken the place. One that cannot be synced stays, and is tried
// again: what lies behind it does not count as being on the disk either.
func (l *Log) closeRetired() error {
	l.rmu.Lock()
	defer l.rmu.Unlock()
	for {
		l.mu.Lock()
		if len(l.retired) == 0 {
			l.mu.Unlock()
			return nil
		}
		r := l.retired[0]
		l.mu.Unlock()
		if err := l.syncAside(r.file); err != nil {
			return err
		}
		l.settled(r.end)
		pagecache.Drop(r.file, 0)
		l.mu.Lock()
		l.retired = l.retired[1:]
		l.mu.Unlock()
		r.file.Close()
	}
}

// syncAside syncs a file while others write. If that fails writes are refused until it succeeds.
func (l *Log) syncAside(f *os.File) error {
	l.syncing.Store(true)
	err := fdatasync(f)
	l.syncing.Store(false)
	if err == nil {
		l.unsync.Store(nil)
	} else if l.unsync.Swap(&Failure{err}) == nil {
		l.opt.Warning("Fail to fsync the AOF file: %s", Text(err))
	}
	return err
}

// Text returns an error as the C library words it.
func Text(err error) string {
	var no syscall.Errno
	if !errors.As(err, &no) {
		return err.Error()
	}
	b := []byte(no.Error())
	if len(b) > 0 && b[0] >= 'a' && b[0] <= 'z' {
		b[0] -= 'a' - 'A'
	}
	return string(b)
}

// Close writes and syncs everything, and ends the log. Nobody else uses it any more. REQUIRES: the keyspace lock, for the memory.
func (l *Log) Close() (ok bool) {
	l.Publish()
	ok = l.FlushAll()
	close(l.stop)
	<-l.done
	for _, r := range l.retired { // that could not be synced
		r.file.Close()
	}
	l.file.Close()
	for _, b := range append(l.queue, l.spare...) {
		l.drop(b)
	}
	l.queue, l.spare, l.cur = nil, nil, nil
	return ok
}
