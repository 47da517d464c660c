// Package snapshot writes all databases, as they are at one moment, to a file or a stream, while they go on changing. It
// joins three parts that do not know each other:
//
//	keyspace.Snapshot   what is to be given next        under the keyspace lock, in slices
//	rdb.Encoder         what it looks like              likewise, into blocks of the arena
//	writer              where it goes                   a goroutine of its own: compresses, adds up, writes, syncs
//
//	entries ──> [block] ──queue──> compress ──> checksum ──> target
//	               ^                                │
//	               └──────────── free blocks ───────┘
//
// The walk stops while Limit bytes wait for the writer. What somebody is about to change is encoded all the same, so the queue
// may become longer; it can never become longer than the data.
//
// A large value is written in parts. What has to be written meanwhile goes into blocks beside (Job.side), which follow when
// the value is done.
package snapshot

import (
	"io"
	"math"
	"time"

	"granary/internal/keyspace"
	"granary/internal/mem"
	"granary/internal/object"
	"granary/internal/persist/rdb"
)

const (
	// blockSize is the bytes of a block: a large region, which no compaction moves.
	blockSize = 256 << 10

	// Limit is how many bytes may wait for the writer before the walk stops.
	Limit = 4 << 20

	// partSize is about how much of a large value is written at once.
	partSize = 64 << 10
)

// Options say what is written.
type Options struct {
	Version  int // of the format
	Compress bool
	Checksum bool
	Clock    rdb.Clock
	Delay    time.Duration // of the writer, for every key (rdb-key-save-delay)

	// Head writes what comes between the header of the file and the keys: auxiliary fields and functions.
	Head func(f *rdb.File)
}

// Target is where a snapshot goes. It is used by the writer alone.
type Target interface {
	io.Writer
	// Finish is called behind the last byte, with everything that was written; err is not nil if it failed, and is returned then.
	Finish(err error) error
}

// Job is a snapshot being written. Its methods are called under the keyspace lock, unless they say otherwise.
type Job struct {
	ks    *keyspace.Keyspace
	walk  *keyspace.Snapshot
	opt   Options
	main  *stream
	side  *stream // what is written while a large value is, nil: nothing
	aside []block // of side, full
	value rdb.Value
	open  bool // value is being written
	total int64
	large int64 // values that the walk is through, once it is over
	out   writer
}

// block is something on its way to the writer.
type block struct {
	ref   mem.Ref
	used  int
	marks []uint32
	keys  int  // whose records end in it
	text  bool // not a block of ours, but that of a raw string, which is to be written as a string
}

// stream is an Encoder with its blocks.
type stream struct {
	*rdb.File
	j    *Job
	cur  mem.Ref
	keys int
	push func(block)
}

// Begin begins a snapshot of what there is now. Once begun, target is finished in the end, whatever happens.
// NB: it panics with mem.ErrOutOfMemory when there is no memory for the first blocks, and has begun nothing then.
func Begin(ks *keyspace.Keyspace, target Target, opt Options) (*Job, error) {
	j := &Job{ks: ks, opt: opt}
	j.out.init(target, opt)
	begun := false
	defer func() {
		if !begun {
			j.giveBack()
		}
	}()
	j.main = j.newStream(j.out.push)
	walk, err := ks.BeginSnapshot(j)
	if err != nil {
		return nil, err
	}
	j.walk, begun = walk, true
	_, j.total = walk.Progress()
	j.main.File = rdb.BeginFile(j.main.Encoder, opt.Version)
	j.main.Clock = opt.Clock
	if opt.Head != nil {
		opt.Head(j.main.File)
	}
	for _, db := range ks.DBs {
		if n := db.Len(); n > 0 {
			j.main.Sizes(db.ID, n, db.Expires())
		}
	}
	go j.out.run()
	return j, nil
}

// newStream begins a stream whose full blocks are pushed.
func (j *Job) newStream(push func(block)) *stream {
	s := &stream{j: j, push: push}
	w := rdb.NewEncoder(s.take(), s.next)
	w.Version = j.opt.Version
	s.File = rdb.Append(w, j.opt.Clock)
	return s
}

// next hands a block on and returns another. Without memory for that the snapshot has failed, and what is written is lost.
func (s *stream) next(b rdb.Block, _ int) rdb.Block {
	full := block{ref: s.cur, used: len(b.Bytes), marks: b.Marks, keys: s.keys}
	s.keys = 0
	var empty rdb.Block
	if !mem.Try(func() { empty = s.take() }) {
		s.j.out.fail(mem.ErrOutOfMemory)
		return rdb.Block{Bytes: b.Bytes[:0], Marks: b.Marks[:0]}
	}
	s.push(full)
	return empty
}

// take makes a block the current one: one that the writer is done with, or a new one.
func (s *stream) take() rdb.Block {
	arena := s.j.ks.Arena
	free, pinned := s.j.out.used()
	for _, r := range pinned {
		object.UnpinRaw(arena, r)
	}
	if free.ref == 0 {
		free.ref = arena.Alloc(blockSize, mem.PurposeSnapshotBuffer)
	}
	s.cur = free.ref
	return rdb.Block{Bytes: mem.Bytes(s.cur, blockSize)[:0], Marks: free.marks}
}

// Emit takes an entry as a whole. It implements keyspace.SnapshotSink, as EmitPart and Full do.
func (j *Job) Emit(db int, e object.Entry) {
	s := j.main
	if j.open {
		if j.side == nil && !mem.Try(func() { j.side = j.newStream(func(b block) { j.aside = append(j.aside, b) }) }) {
			j.out.fail(mem.ErrOutOfMemory)
			return
		}
		s = j.side
	}
	s.Key(db, e, j.clock(e))
	if e.Type() == object.String && e.Encoding() == object.Raw && e.TextLen() >= partSize {
		s.text(e)
	} else {
		rdb.WriteAll(s.Encoder, j.ks.Arena, e)
	}
	s.done()
}

// text has the writer take a long string from where it is.
func (s *stream) text(e object.Entry) {
	ref := e.Root()
	if !object.PinRaw(ref) {
		rdb.WriteAll(s.Encoder, s.j.ks.Arena, e)
		return
	}
	s.Flush()
	s.push(block{ref: ref, used: e.TextLen(), text: true})
}

// done counts a key whose record is complete.
func (s *stream) done() { s.keys++ }

// clock returns what is written of the entry's access clock.
func (j *Job) clock(e object.Entry) int64 {
	switch j.opt.Clock {
	case rdb.ClockIdle:
		return j.ks.Access.Idle(e)
	case rdb.ClockFrequency:
		return int64(j.ks.Access.Frequency(e))
	}
	return 0
}

// EmitPart takes the next part of a large value.
func (j *Job) EmitPart(db int, e object.Entry, all bool) (done bool) {
	if !j.open {
		j.main.Key(db, e, j.clock(e))
		j.value, j.open = rdb.NewValue(j.ks.Arena, e), true
	}
	j.value.Moved(e)
	budget := partSize
	if all {
		budget = math.MaxInt
	}
	if !j.value.Write(j.main.Encoder, budget) {
		return false
	}
	j.open = false
	j.main.done()
	j.closeSide()
	return true
}

// closeSide puts what was written beside a large value behind it.
func (j *Job) closeSide() {
	if j.side == nil {
		return
	}
	j.side.Flush()
	j.main.Flush()
	for _, b := range j.aside {
		j.out.push(b)
	}
	j.out.giveBack(j.side.cur)
	j.main.keys += j.side.keys // of a string that nothing followed
	j.side, j.aside = nil, nil
	j.main.Elsewhere()
}

// Full reports whether enough waits for the writer.
func (j *Job) Full() bool { return j.out.waiting() >= Limit/blockSize }

// Step goes on until the deadline and reports whether the job is over: everything has been written, or it failed. Then
// Close is to be called.
func (j *Job) Step(deadline time.Time) (over bool) {
	if j.walk == nil {
		return j.out.over()
	}
	if j.out.failed() {
		j.stop()
	} else if j.walk.Step(deadline) {
		j.main.End()
		j.main.Flush()
		j.stop()
	}
	return false
}

// Run goes on until the job is over. The keyspace lock is held all the time, also while the writer is waited for.
func (j *Job) Run() {
	for !j.Step(time.Now().Add(time.Second)) {
		if j.walk == nil || j.Full() {
			j.out.wait()
		}
	}
}

// Abort gives the snapshot up with an error, unless it is whole and the target is being finished. Step and Close are to be called
// as ever, and say how it ended.
func (j *Job) Abort(err error) {
	j.out.fail(err)
	if j.walk != nil {
		j.stop()
	}
}

// stop ends the walk, and tells the writer that nothing more will come.
func (j *Job) stop() {
	j.LargeGiven()
	j.walk.End()
	j.walk = nil
	j.out.close()
}

// LargeGiven returns how many large values the walk is through.
func (j *Job) LargeGiven() int64 {
	if j.walk != nil {
		j.large = j.walk.LargeGiven()
	}
	return j.large
}

// Progress returns how many keys were written, and how many there were. The first is that of the writer.
func (j *Job) Progress() (keys, total int64) {
	return j.out.keys.Load(), j.total
}

// Close gives back the memory of a job that is over and returns how it ended, and how many bytes were written.
func (j *Job) Close() (bytes int64, err error) {
	j.giveBack()
	return j.out.bytes, j.out.err
}

// giveBack gives all blocks back.
func (j *Job) giveBack() {
	free := func(r mem.Ref) { j.ks.Arena.Free(r, blockSize, mem.PurposeSnapshotBuffer) }
	for _, s := range []*stream{j.main, j.side} {
		if s != nil {
			free(s.cur)
		}
	}
	for _, b := range append(j.aside, j.out.queue...) {
		if b.text {
			object.UnpinRaw(j.ks.Arena, b.ref)
		} else {
			free(b.ref)
		}
	}
	j.main, j.side, j.aside, j.out.queue = nil, nil, nil, nil
	for {
		b, pinned := j.out.used()
		for _, p := range pinned {
			object.UnpinRaw(j.ks.Arena, p)
		}
		if b.ref == 0 {
			return
		}
		free(b.ref)
	}
}
