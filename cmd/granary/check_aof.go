package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"

	"granary/internal/info"
	"granary/internal/mem"
	"granary/internal/persist/aof"
)

const usageCheckAOF = "Usage: granary check-aof [--fix|--truncate-to-timestamp $timestamp] <file.manifest|file.aof>"

// runCheckAOF is `granary check-aof`: it reads the files of an append-only log as a server would load them, executes nothing, and
// says up to where they are sound. With --fix the last file is cut off there, with --truncate-to-timestamp where a second (Unix
// time) ended. What it prints and its exit codes are those of redis-check-aof. On a terminal (progress is not nil) it tells how
// far it is.
func runCheckAOF(args []string, stdin io.Reader, stdout, progress io.Writer) int {
	c := &aofCheck{in: stdin, out: stdout, progress: progress, lines: 1}
	switch {
	case len(args) == 1 && (args[0] == "-v" || args[0] == "--version"):
		fmt.Fprintln(stdout, "granary check-aof "+info.Version)
		return 0
	case len(args) == 1:
	case len(args) == 2 && args[0] == "--fix":
		c.fix = true
	case len(args) == 3 && args[0] == "--truncate-to-timestamp":
		n, err := strconv.ParseInt(args[1], 10, 64)
		if err != nil {
			fmt.Fprintln(stdout, "Invalid timestamp, aborting...")
			return 1
		}
		c.until = n
	default:
		fmt.Fprintln(stdout, usageCheckAOF)
		return 1
	}
	err := c.run(args[len(args)-1])
	if c.arena != nil {
		c.arena.Close()
	}
	if err != nil {
		fmt.Fprintln(stdout, err)
		return 1
	}
	return 0
}

// aofCheck is a check of append-only files.
type aofCheck struct {
	in            io.Reader
	out, progress io.Writer
	fix           bool
	until         int64 // Unix s, 0: everything stays

	arena *mem.Arena // of values of snapshots, nil before the first
	lines int64      // number of the line at hand, counted through all files
}

// outcome is how the check of a file ended that is sound, or has been made so.
type outcome int

const (
	sound outcome = iota
	empty
	shortened
	shortenedToTime
)

func (c *aofCheck) say(format string, args ...any) { fmt.Fprintf(c.out, format+"\n", args...) }

// run checks a manifest with its files, or one file.
func (c *aofCheck) run(path string) error {
	manifest, err := isManifest(path)
	if err != nil {
		return err
	}
	if manifest {
		return c.parts(path)
	}
	preamble, err := isSnapshot(path)
	if err != nil {
		return err
	}
	c.say("Start checking Old-Style AOF")
	return c.told(&checkedFile{name: path, path: path, last: true, preamble: preamble}, "AOF")
}

// isManifest reports whether a file begins, behind comments, as a manifest does.
func isManifest(path string) (bool, error) {
	f, err := os.Open(path)
	if err != nil {
		return false, cannot("open", path, err)
	}
	defer f.Close()
	r := bufio.NewReader(f)
	for {
		begin, err := r.Peek(len("file"))
		if err != nil && err != io.EOF {
			return false, cannot("read", path, err)
		}
		if len(begin) == 0 || begin[0] != '#' {
			return string(begin) == "file", nil
		}
		for {
			_, err := r.ReadSlice('\n')
			if err == nil {
				break
			}
			if err == io.EOF {
				return false, nil
			}
			if err != bufio.ErrBufferFull {
				return false, cannot("read", path, err)
			}
		}
	}
}

// isSnapshot reports whether a file begins as a snapshot does.
func isSnapshot(path string) (bool, error) {
	f, err := os.Open(path)
	if err != nil {
		return false, cannot("open", path, err)
	}
	defer f.Close()
	var head [8]byte
	n, err := io.ReadFull(f, head[:])
	if err != nil && err != io.EOF && err != io.ErrUnexpectedEOF {
		return false, cannot("read", path, err)
	}
	return n == len(head) && string(head[:5]) == "REDIS", nil
}

func cannot(do, path string, err error) error {
	if do == "open" {
		return fmt.Errorf("Cannot open file %s: %s", path, aof.Text(err))
	}
	return fmt.Errorf("Cannot %s file: %s", do, path)
}

// parts checks the files that a manifest names.
func (c *aofCheck) parts(path string) error {
	c.say("Start checking Multi Part AOF")
	m, err := aof.ReadManifestFile(path)
	if err != nil {
		var bad *aof.ManifestError
		if !errors.As(err, &bad) {
			return cannot("read", path, err)
		}
		c.say("*** FATAL AOF MANIFEST FILE ERROR ***")
		return bad
	}
	dir, _ := filepath.Split(path)
	if dir == "" {
		dir = "./"
	}
	list := m.Parts()
	for i := range list {
		p := &list[i]
		f := &checkedFile{name: p.Name, path: dir + p.Name, last: i == len(list)-1}
		what := "INCR AOF"
		switch {
		case p.Kind == aof.Base:
			what = "BASE AOF"
			if f.preamble, err = isSnapshot(f.path); err != nil {
				return err
			}
			format := "RESP"
			if f.preamble {
				format = "RDB"
			}
			c.say("Start to check BASE AOF (%s format).", format)
		case i == 0 || list[i-1].Kind == aof.Base:
			c.say("Start to check INCR files.")
		}
		if err := c.told(f, what); err != nil {
			return err
		}
	}
	c.say("All AOF files and manifest are valid")
	return nil
}

// checkedFile is a file that is checked.
type checkedFile struct {
	name, path string
	last       bool // it may be cut off
	preamble   bool // it begins with a snapshot

	f    *os.File
	size int64
}

// told checks a file and says how that ended.
func (c *aofCheck) told(f *checkedFile, what string) error {
	o, err := c.file(f)
	if err != nil {
		return err
	}
	switch o {
	case sound:
		c.say("%s %s is valid", what, f.name)
	case empty:
		c.say("%s %s is empty", what, f.name)
	case shortened:
		c.say("Successfully truncated AOF %s", f.name)
	case shortenedToTime:
		c.say("Successfully truncated AOF %s to timestamp %d", f.name, c.until)
	}
	return nil
}

// file checks a file.
func (c *aofCheck) file(f *checkedFile) (outcome, error) {
	how := os.O_RDONLY
	if f.last && (c.fix || c.until != 0) {
		how = os.O_RDWR
	}
	var err error
	if f.f, err = os.OpenFile(f.path, how, 0); err != nil {
		return 0, fmt.Errorf("Cannot open file %s: %s, aborting...", f.path, aof.Text(err))
	}
	defer f.f.Close()
	st, err := f.f.Stat()
	if err != nil {
		return 0, fmt.Errorf("Cannot stat file: %s, aborting...", f.name)
	}
	if f.size = st.Size(); f.size == 0 {
		return empty, nil
	}
	begin, err := c.snapshot(f)
	if err != nil {
		return 0, err
	}
	valid, text, err := c.requests(f, begin)
	var passed *timePassed
	if errors.As(err, &passed) {
		return c.cutAtTime(f, passed.offset)
	}
	if err != nil {
		return 0, err
	}
	if text != "" {
		c.say("%s", text)
	}
	diff := f.size - valid
	if diff <= 0 && c.until != 0 {
		c.say("Truncate nothing in AOF %s to timestamp %d", f.name, c.until)
		return sound, nil
	}
	c.say("AOF analyzed: filename=%s, size=%d, ok_up_to=%d, ok_up_to_line=%d, diff=%d", f.name, f.size, valid, c.lines, diff)
	switch {
	case diff <= 0:
		return sound, nil
	case c.fix:
		return c.cut(f, valid, diff)
	}
	return 0, fmt.Errorf("AOF %s is not valid. Use the --fix option to try fixing it.", f.name)
}

// snapshot checks what a file begins with, and returns where commands begin.
func (c *aofCheck) snapshot(f *checkedFile) (begin int64, err error) {
	if !f.preamble {
		return 0, nil
	}
	if c.arena == nil {
		if c.arena, err = toolArena(); err != nil {
			return 0, err
		}
	}
	begin, ok := checkSnapshot(f.f, f.name, c.arena, true, c.out, c.progress)
	if !ok {
		return 0, errors.New("RDB preamble of AOF file is not sane, aborting.")
	}
	c.say("RDB preamble is OK, proceeding with AOF tail...")
	_, err = f.f.Seek(begin, io.SeekStart)
	return begin, err
}

// timePassed is the error that ends reading where time is over.
type timePassed struct{ offset int64 }

// Error is never shown.
func (*timePassed) Error() string { return "the time is over" }

// requests reads the commands of a file, from offset begin on. valid is where what is sound ends: the end of the file, or the begin
// of the command or transaction that is not whole. text says what is wrong there, as far as there is something to say.
func (c *aofCheck) requests(f *checkedFile, begin int64) (valid int64, text string, err error) {
	multi := false
	r := aof.NewReader(f.f, begin)
	r.Brief = true
	if c.until != 0 {
		r.OnTimestamp = func(at, offset int64) error {
			switch {
			case at == aof.NoTime:
				return errors.New("Invalid timestamp annotation")
			case at <= c.until:
				return nil
			case multi: // half of a transaction is of no use
				offset = valid
			}
			return &timePassed{offset}
		}
	}
	bar := newBar(c.progress, f.size, "commands")
	defer func() {
		bar.clear()
		c.lines += r.Lines()
	}()
	place := func(at int64, text string) string { return fmt.Sprintf("0x%16x: %s", at, text) }
	for n := int64(1); ; n++ {
		args, err := r.Next()
		if !multi {
			valid = r.Begin()
		}
		if err != nil {
			var cut *aof.CutError
			var bad *aof.FormatError
			switch {
			case err == io.EOF && multi || errors.As(err, &cut) && cut.What == "" && multi:
				return valid, place(r.Last(), "Reached EOF before reading EXEC for MULTI"), nil
			case err == io.EOF || cut != nil && cut.What == "":
				return valid, "", nil
			case cut != nil:
				return valid, place(cut.Offset, cut.What), nil
			case !errors.As(err, &bad):
				return valid, "", err
			case bad.Between:
				return valid, fmt.Sprintf("AOF %s format error", f.name), nil
			}
			return valid, place(bad.Offset, bad.What), nil
		}
		switch is := string(bytes.ToLower(args[0])); {
		case is == "multi" && multi:
			return valid, place(r.Last(), "Unexpected MULTI in AOF "+f.path), nil
		case is == "exec" && !multi:
			return valid, place(r.Last(), "Unexpected EXEC in AOF "+f.path), nil
		case is == "multi" || is == "exec":
			multi = !multi
		}
		bar.show(r.Offset(), n)
	}
}

// cut cuts a file off behind what is sound, if whoever sits there agrees.
func (c *aofCheck) cut(f *checkedFile, valid, diff int64) (outcome, error) {
	if !f.last {
		return 0, fmt.Errorf("Failed to truncate AOF %s because it is not the last file", f.name)
	}
	c.say("This will shrink the AOF %s from %d bytes, with %d bytes, to %d bytes", f.name, f.size, diff, valid)
	fmt.Fprint(c.out, "Continue? [y/N]: ")
	var answer [1]byte
	if n, _ := io.ReadFull(c.in, answer[:]); n == 0 || answer[0] != 'y' && answer[0] != 'Y' {
		return 0, errors.New("Aborting...")
	}
	if err := truncate(f.f, valid); err != nil {
		return 0, fmt.Errorf("Failed to truncate AOF %s", f.name)
	}
	return shortened, nil
}

// cutAtTime cuts a file off where a later second begins.
func (c *aofCheck) cutAtTime(f *checkedFile, offset int64) (outcome, error) {
	switch {
	case offset == 0:
		return 0, fmt.Errorf("AOF %s has nothing before timestamp %d, aborting...", f.path, c.until)
	case !f.last:
		c.say("Failed to truncate AOF %s to timestamp %d to offset %d because it is not the last file.", f.path, c.until, offset)
		return 0, errors.New("If you insist, please delete all files after this file according to the manifest file " +
			"and delete the corresponding records in manifest file manually. Then re-run redis-check-aof.")
	}
	if err := truncate(f.f, offset); err != nil {
		return 0, fmt.Errorf("Failed to truncate AOF %s to timestamp %d", f.path, c.until)
	}
	return shortenedToTime, nil
}

// truncate cuts a file off, and brings that to the disk.
func truncate(f *os.File, size int64) error {
	if err := f.Truncate(size); err != nil {
		return err
	}
	return f.Sync()
}
