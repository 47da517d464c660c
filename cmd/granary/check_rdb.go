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
	f, err := os.Open(args[0])
	if err != nil {
		sayOffset(stdout, 0, "Checking RDB file "+args[0])
		fmt.Fprintf(stderr, "Cannot open the file: %v\n", err)
		return 1
	}
	defer f.Close()
	arena, err := toolArena()
	if err != nil {
		fmt.Fprintln(stderr, err)
		return 1
	}
	defer arena.Close()
	if _, ok := checkSnapshot(f, args[0], arena, false, stdout, progress); !ok {
		return 1
	}
	return 0
}

// toolArena returns memory for values that are read and not kept.
func toolArena() (*mem.Arena, error) {
	if err := mem.Open(mem.Config{}); err != nil {
		return nil, fmt.Errorf("Can't reserve address space: %w", err)
	}
	return mem.NewArena("check"), nil
}

// sayOffset prints a line about a place.
func sayOffset(out io.Writer, offset int64, line string) {
	fmt.Fprintf(out, "[offset %d] %s\n", offset, line)
}

// checkSnapshot reads the snapshot that a file is, or begins with, and says what it finds. size is that of the snapshot. Behind
// it nothing may follow but the commands of an append-only file, unless rest says that others look at what follows.
func checkSnapshot(f *os.File, name string, arena *mem.Arena, rest bool, stdout, progress io.Writer) (size int64, sound bool) {
	say := func(offset int64, line string) { sayOffset(stdout, offset, line) }
	say(0, "Checking RDB file "+name)
	whole := int64(-1)
	if st, err := f.Stat(); err == nil && st.Mode().IsRegular() {
		whole = st.Size()
	}
	c := &rdb.Checker{Now: time.Now().UnixMilli(), Say: say}
	bar := newBar(progress, whole, "keys")
	c.Between = func(offset int64) { bar.show(offset, c.Keys) }
	err := c.Check(f, whole, arena)
	bar.clear()
	if err == nil && whole >= 0 && !rest && c.Left() > 0 && !commandsFollow(f, c.Size) {
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
	return c.Size, err == nil
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
