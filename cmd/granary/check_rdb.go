package main

import (
	"fmt"
	"io"
	"os"
	"time"

	"granary/internal/info"
	"granary/internal/mem"
	"granary/internal/persist/rdb"
)

// progressAfter is how long a check takes before it tells how far it is, and how often it does.
const (
	progressAfter = time.Second
	progressEvery = 200 * time.Millisecond
)

// runCheckRDB is `granary check-rdb`: it reads a snapshot as a server would load it, and says whether all of it is sound. What it
// prints and its exit codes are those of redis-check-rdb. On a terminal (progress is not nil) it tells how far it is.
func runCheckRDB(args []string, stdout, stderr, progress io.Writer) int {
	if len(args) != 1 {
		fmt.Fprintln(stderr, "Usage: granary check-rdb <rdb-file-name>")
		return 1
	}
	if args[0] == "-v" || args[0] == "--version" {
		fmt.Fprintln(stdout, "granary check-rdb "+info.Version)
		return 0
	}
	say := func(offset int64, line string) { fmt.Fprintf(stdout, "[offset %d] %s\n", offset, line) }
	say(0, "Checking RDB file "+args[0])
	f, err := os.Open(args[0])
	if err != nil {
		fmt.Fprintf(stderr, "Cannot open the file: %v\n", err)
		return 1
	}
	defer f.Close()
	size := int64(-1)
	if st, err := f.Stat(); err == nil && st.Mode().IsRegular() {
		size = st.Size()
	}
	if err := mem.Open(mem.Config{}); err != nil {
		fmt.Fprintf(stderr, "Can't reserve address space: %v\n", err)
		return 1
	}
	arena := mem.NewArena("check-rdb")
	defer arena.Close()
	c := &rdb.Checker{Now: time.Now().UnixMilli(), Say: say}
	bar := progressBar{out: progress, size: size, next: time.Now().Add(progressAfter)}
	c.Between = func(offset int64) { bar.show(offset, c.Keys) }
	err = c.Check(f, size, arena)
	bar.clear()
	if err == nil && size >= 0 && c.Left() > 0 && !commandsFollow(f, c.Size) {
		err = fmt.Errorf("%d bytes behind its end", c.Left())
	}
	if err != nil {
		sayFault(stdout, c, err)
	} else {
		say(c.Size, `\o/ RDB looks OK! \o/`)
	}
	fmt.Fprintf(stdout, "[info] %d keys read\n[info] %d expires\n[info] %d already expired\n", c.Keys, c.Expires, c.Expired)
	if c.Hollow > 0 {
		fmt.Fprintf(stdout, "[info] %d without elements, which loading leaves out\n", c.Hollow)
	}
	if err != nil {
		return 1
	}
	return 0
}

// sayFault prints what is wrong with a file.
func sayFault(out io.Writer, c *rdb.Checker, err error) {
	offset, lines := rdb.Explain(err)
	if offset == 0 {
		offset = c.Size
	}
	fmt.Fprintln(out, "--- RDB ERROR DETECTED ---")
	for i, line := range lines {
		if i == 0 {
			fmt.Fprintf(out, "[offset %d] %s\n", offset, line)
		} else {
			fmt.Fprintf(out, "[additional info] %s\n", line)
		}
	}
}

// commandsFollow tells whether the commands of an append-only file follow a snapshot, which is its base.
func commandsFollow(f io.ReaderAt, at int64) bool {
	var b [1]byte
	n, _ := f.ReadAt(b[:], at)
	return n == 1 && (b[0] == '*' || b[0] == '#')
}

// progressBar tells on a terminal how much of a file has been read.
type progressBar struct {
	out   io.Writer // nil: nobody is told
	size  int64     // -1: unknown
	next  time.Time
	n     int // calls since the clock was read
	shown bool
}

const barWidth = 40

// show tells it if it is time to. Clocks are read now and then only: most keys take less than that.
func (p *progressBar) show(offset, keys int64) {
	if p.n++; p.out == nil || p.n&255 != 0 {
		return
	}
	now := time.Now()
	if now.Before(p.next) {
		return
	}
	p.next, p.shown = now.Add(progressEvery), true
	if p.size <= 0 {
		fmt.Fprintf(p.out, "\r%d keys, %d bytes", keys, offset)
		return
	}
	done := int(offset * barWidth / p.size)
	bar := make([]byte, barWidth)
	for i := range bar {
		bar[i] = '.'
		if i < done {
			bar[i] = '#'
		}
	}
	fmt.Fprintf(p.out, "\r[%s] %3d%%  %d keys", bar, offset*100/p.size, keys)
}

// clear takes away what was told.
func (p *progressBar) clear() {
	if p.shown {
		fmt.Fprint(p.out, "\r\x1b[K")
	}
}

// terminal returns f if it is a terminal, nil otherwise.
func terminal(f *os.File) io.Writer {
	if st, err := f.Stat(); err == nil && st.Mode()&os.ModeCharDevice != 0 && os.Getenv("TERM") != "dumb" {
		return f
	}
	return nil
}
