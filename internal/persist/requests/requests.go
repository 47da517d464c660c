// Package requests writes a snapshot as requests: the commands from which the data come into being again. It is the base of an
// append-only file without RDB (aof-use-rdb-preamble no), which can be read and edited by hand.
//
// What it is given is a snapshot in RDB, as ever; a goroutine reads that, one value after the other, and writes commands:
//
//	Target.Write ──pipe──> rdb.ReadFile ──> entry in an arena of its own ──> SELECT, RPUSH, HMSET, ... ──> the real target
//
//	requests.go  the target
//	values.go    what the commands of a value are
package requests

import (
	"bufio"
	"fmt"
	"io"
	"strconv"

	"granary/internal/mem"
	"granary/internal/object"
	"granary/internal/persist/rdb"
)

// Sink is where requests go. It is a snapshot.Target.
type Sink interface {
	io.Writer
	Finish(err error) error
}

// Target takes a snapshot. Its methods are called by one goroutine.
type Target struct {
	to   Sink
	pipe *io.PipeWriter
	done chan error
}

// NewTarget returns a target that writes requests to another. They are annotated with a Unix time in seconds, unless it is 0.
func NewTarget(to Sink, lim rdb.Limits, stamp int64) *Target {
	r, w := io.Pipe()
	t := &Target{to: to, pipe: w, done: make(chan error, 1)}
	go func() {
		err := convert(r, to, lim, stamp)
		r.CloseWithError(err) // nobody waits for a reader that is gone
		t.done <- err
	}()
	return t
}

// Write takes bytes of the snapshot.
func (t *Target) Write(p []byte) (int, error) { return t.pipe.Write(p) }

// Finish ends it.
func (t *Target) Finish(err error) error {
	t.pipe.CloseWithError(err) // nil: the end of the file
	if e := <-t.done; err == nil {
		err = e
	}
	return t.to.Finish(err)
}

// convert reads a snapshot and writes requests.
func convert(from io.Reader, to io.Writer, lim rdb.Limits, stamp int64) (err error) {
	c := &converter{out: bufio.NewWriterSize(to, 64<<10), arena: mem.NewSharedArena("rewrite"), db: -1}
	defer func() {
		if x := recover(); x != nil {
			if x != error(mem.ErrOutOfMemory) {
				panic(x)
			}
			err = mem.ErrOutOfMemory
		}
		c.arena.Close()
	}()
	if stamp > 0 {
		fmt.Fprintf(c.out, "#TS:%d\r\n", stamp)
	}
	if _, err = rdb.ReadFile(rdb.NewFileDecoder(from, -1), c.arena, lim, rdb.Trust{Version: true}, c); err != nil {
		return err
	}
	return c.out.Flush()
}

// converter is the content of a snapshot on its way.
type converter struct {
	out    *bufio.Writer
	arena  *mem.Arena
	db     int
	digits [32]byte
}

// Aux implements rdb.Content, as do the methods below.
func (c *converter) Aux(_, _ string) {}

// Sizes takes the sizes of a database.
func (c *converter) Sizes(_, _, _ int) {}

// Empty takes a key without elements.
func (c *converter) Empty(*rdb.Record) {}

// Function takes a library.
func (c *converter) Function(code []byte) error {
	c.begin(3)
	c.word("FUNCTION")
	c.word("LOAD")
	c.text(code)
	return nil
}

// Key takes a key.
func (c *converter) Key(rec *rdb.Record, r *rdb.Reader) error {
	if rec.DB != c.db {
		c.db = rec.DB
		c.begin(2)
		c.word("SELECT")
		c.int(int64(rec.DB))
	}
	e := r.Entry(rec.Key, 0, 0)
	c.value(rec.Key, e)
	for done := false; !done; {
		_, done = object.Free(c.arena, e, 1<<20)
	}
	if rec.Expiry > 0 {
		c.begin(3)
		c.word("PEXPIREAT")
		c.text(rec.Key)
		c.int(rec.Expiry)
	}
	return nil
}

// begin begins a request of n words.
func (c *converter) begin(n int) {
	c.out.WriteByte('*')
	c.out.Write(strconv.AppendInt(c.digits[:0], int64(n), 10))
	c.out.WriteString("\r\n")
}

func (c *converter) head(n int) {
	c.out.WriteByte('$')
	c.out.Write(strconv.AppendInt(c.digits[:0], int64(n), 10))
	c.out.WriteString("\r\n")
}

// word, text and int write an argument.
func (c *converter) word(s string) {
	c.head(len(s))
	c.out.WriteString(s)
	c.out.WriteString("\r\n")
}

func (c *converter) text(b []byte) {
	c.head(len(b))
	c.out.Write(b)
	c.out.WriteString("\r\n")
}

func (c *converter) int(n int64) {
	var b [24]byte
	c.text(strconv.AppendInt(b[:0], n, 10))
}
