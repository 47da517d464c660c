package aof

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"granary/internal/config"
	"granary/internal/mem"
	"granary/tests/live"
)

// TestManifest reads manifests, good and bad.
func TestManifest(t *testing.T) {
	dir := t.TempDir()
	check := func(text, want string) {
		t.Helper()
		os.WriteFile(filepath.Join(dir, "a.aof.manifest"), []byte(text), 0o644)
		m, err := ReadManifest(dir, "a.aof")
		got := ""
		if err != nil {
			got = err.Error()
		} else {
			got = string(m.format())
		}
		if !strings.HasSuffix(got, want) || want == "" && got != "" {
			t.Errorf("%q is %q, want %q", text, got, want)
		}
	}
	check("file a.aof.1.base.rdb seq 1 type b\n", "file a.aof.1.base.rdb seq 1 type b\n")
	check("type i seq 3 file x other y\n# a comment\n file \"a\\x20b\" seq 4 type i \n", "file x seq 3 type i\nfile \"a b\" seq 4 type i\n")
	check("file h seq 1 type h\nfile b seq 2 type b\n", "file b seq 2 type b\nfile h seq 1 type h\n")
	check("", "Found an empty AOF manifest")
	check("\n", errFormat)
	check("file a seq 1\n", errFormat)
	check("file a seq x type i\n", errFormat)
	check("file a seq 1 type i", "The AOF manifest file contains too long line")
	check("file "+strings.Repeat("a", maxLine)+" seq 1 type i\n", "The AOF manifest file contains too long line")
	check("file a/b seq 1 type i\n", "File can't be a path, just a filename")
	check("file a seq 1 type z\n", "Unknown AOF file type")
	check("file a seq 1 type b\nfile b seq 2 type b\n", "Found duplicate base file information")
	check("file a seq 2 type i\nfile b seq 2 type i\n", "Found a non-monotonic sequence number")
	check("# nothing\n", "")

	// What is to be deleted keeps its name.
	old := &Manifest{Name: "a.aof"}
	if err := old.parse([]byte("file a.aof.1.base.aof seq 1 type h\nfile a.aof.1.incr.aof seq 1 type h\nfile a.aof.2.incr.aof seq 2 type h\n")); err != nil {
		t.Fatal(err)
	}
	if incr, base := old.NewIncr().Name, old.NewBase(false).Name; incr != "a.aof.3.incr.aof" || base != "a.aof.2.base.aof" {
		t.Errorf("the next files are %s and %s", incr, base)
	}

	// A rewrite: what counts, before and behind.
	m := &Manifest{Dir: dir, Name: "a.aof"}
	m.NewBase(true)
	m.NewIncr()
	m.NewIncr()
	c := m.Clone()
	c.NewBase(false)
	c.Outdate(1)
	if got, want := string(c.format()), "file a.aof.2.base.aof seq 2 type b\nfile a.aof.1.base.rdb seq 1 type h\nfile a.aof.1.incr.aof seq 1 type h\nfile a.aof.2.incr.aof seq 2 type i\n"; got != want {
		t.Errorf("it has\n%swant\n%s", got, want)
	}
	if got := string(m.format()); strings.Contains(got, "type h") || len(m.Incr) != 2 {
		t.Errorf("the one it was copied from has changed: %s", got)
	}
	if err := c.Write(); err != nil {
		t.Fatal(err)
	}
	back, err := ReadManifest(dir, "a.aof")
	if err != nil || string(back.format()) != string(c.format()) {
		t.Errorf("read %q (%v)", back.format(), err)
	}
	if back.NewIncr().Name != "a.aof.3.incr.aof" || back.NewBase(true).Name != "a.aof.3.base.rdb" {
		t.Errorf("names go on with %s", back.format())
	}
}

// TestLeftBehind begins where a process was killed: a file of the name of a new increment is emptied, and one that is missing is told
// of before anything is deleted. That they come to the disk is tested on a file system that drops what does not (tests/crash).
func TestLeftBehind(t *testing.T) {
	m := &Manifest{Dir: t.TempDir(), Name: "a.aof"}
	path := m.Path(m.NewIncr())
	if err := os.WriteFile(path, []byte("stale"), 0o644); err != nil {
		t.Fatal(err)
	}
	f, err := CreateIncr(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if st, err := f.Stat(); err != nil || st.Size() != 0 {
		t.Errorf("a new increment has %d bytes (%v)", st.Size(), err)
	}
	if err := m.Settle(); err != nil {
		t.Errorf("with all files: %v", err)
	}
	m.NewIncr()
	if err := m.Settle(); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("without one of them: %v", err)
	}
}

// TestReader reads requests at exact offsets, and says what is no request.
func TestReader(t *testing.T) {
	const one = "*2\r\n$6\r\nSELECT\r\n$1\r\n3\r\n"
	check := func(text string, requests int, offset int64, want string) {
		t.Helper()
		r := NewReader(strings.NewReader(text), 0)
		n, end := 0, int64(0)
		for {
			_, err := r.Next()
			if err == nil {
				n, end = n+1, r.Offset()
				continue
			}
			if n != requests || end != offset || !strings.Contains(err.Error(), want) {
				t.Errorf("%q: %d requests up to %d, then %v; want %d, %d, %s", text, n, end, err, requests, offset, want)
			}
			return
		}
	}
	check("", 0, 0, "EOF")
	check(one, 1, 23, "EOF")
	check("#TS:1628217470\r\n"+one+"#anything\r\n"+one, 2, 73, "EOF")
	check(one+"*", 1, 23, ErrTruncated.Error())
	check(one+one[:20], 1, 23, ErrTruncated.Error())
	check(one+"#TS:1", 1, 23, ErrTruncated.Error())
	check(one+"x\r\n", 1, 23, "Expected '*' or '#', got: 'x' at offset 23")
	check(one+"*0\r\n", 1, 23, "Expected a number of arguments, got: 0 at offset 23")
	check(one+"*-1\r\n", 1, 23, "got: -1 at offset 23")
	check(one+"*\r\n", 1, 23, `Expected a number, got: "" at offset 23`)
	check(one+"*1-\r\n", 1, 23, `Expected \r\n, got: 2d0d at offset 23`)
	check(one+"*99999999999999999999\r\n", 1, 23, `Expected a number, got: "99999999999999999999" at offset 23`)
	check(one+"*1\r\n:4\r\n", 1, 23, "Expected prefix '$', got: ':' at offset 27")
	check(one+"*1\r\n$-1\r\n", 1, 23, "Expected to read string of -1 bytes")
	check(one+"*1\r\n$4\r\nPINGxx", 1, 23, `Expected \r\n, got: 7878 at offset 31`)
	check(one+"*1\r\n$99999999999\r\nPING", 1, 23, ErrTruncated.Error())
	check(one+"\r\n", 1, 23, "Expected '*' or '#'")
	check("*"+strings.Repeat("1", 200)+"\n", 0, 0, "Expected a line of at most 128 bytes")
	check("#"+strings.Repeat("1", 1000)+"\n"+one, 1, 1025, "EOF")
	check("#"+strings.Repeat("1", 1100)+"\n"+one, 0, 0, "Expected a line of at most 1024 bytes")
	check("#"+strings.Repeat("1", 100000), 0, 0, "Expected a line of at most 1024 bytes")

	stop := errors.New("here")
	r := NewReader(strings.NewReader(one+"#TS:7\r\n"+one), 100)
	r.OnTimestamp = func(at, offset int64) error {
		if at != 7 || offset != 123 {
			t.Errorf("a timestamp %d at %d", at, offset)
		}
		return stop
	}
	r.Next()
	if _, err := r.Next(); err != stop || r.Timestamp != 7 {
		t.Errorf("it ended with %v at %d", err, r.Timestamp)
	}
}

// TestReaderPlaces checks what a Reader says of places, whether it keeps arguments or not.
func TestReaderPlaces(t *testing.T) {
	check := func(text string, begin, last, lines int64, want error) {
		t.Helper()
		for _, brief := range []bool{false, true} {
			r := NewReader(strings.NewReader(text), 100)
			r.Brief = brief
			var err error
			for err == nil {
				_, err = r.Next()
			}
			if r.Begin() != 100+begin || r.Last() != 100+last || r.Lines() != lines || fmt.Sprintf("%#v", err) != fmt.Sprintf("%#v", want) {
				t.Errorf("%q, brief %v: begin %d, last %d, %d lines, %#v; want %d, %d, %d, %#v", text, brief,
					r.Begin()-100, r.Last()-100, r.Lines(), err, begin, last, lines, want)
			}
		}
	}
	const get = "*2\r\n$3\r\nGET\r\n$1\r\na\r\n"
	check("", 0, 0, 0, io.EOF)
	check(get, 20, 17, 5, io.EOF)
	check(get+"#x\r\n", 24, 20, 5, io.EOF)
	check(get+"*2\r\n", 20, 24, 6, &CutError{Offset: 124})
	check(get+"*2\r", 20, 20, 5, &CutError{120, `Expected \r\n, got: 0d00`})
	check(get+"*2\r\n$3\r\nGET\r\n$4\r\nab", 20, 37, 9, &CutError{137, "Expected to read 6 bytes, got 2 bytes"})
	check(get+"*2\r\n$3\r\nGET\r\n$4\r\nabcd\r", 20, 37, 9, &CutError{137, "Expected to read 6 bytes, got 5 bytes"})

	// What a brief Reader returns, and that it keeps nothing of a long argument.
	r := NewReader(strings.NewReader("*2\r\n$20\r\n0123456789ABCDEFGHIJ\r\n$300000\r\n"+strings.Repeat("x", 300000)+"\r\n"), 0)
	r.Brief = true
	args, err := r.Next()
	if err != nil || len(args) != 1 || string(args[0]) != "0123456789ABCDEF" || cap(r.buf) > 1024 {
		t.Errorf("%q, %v, %d bytes of room", args, err, cap(r.buf))
	}
}

// FuzzReader reads whatever there is: nothing but errors may come of it, and offsets only grow.
func FuzzReader(f *testing.F) {
	f.Add([]byte("*2\r\n$6\r\nSELECT\r\n$1\r\n3\r\n#TS:3\r\n*1\r\n$4\r\nEXEC\r\n"))
	f.Add([]byte("*1000000000\r\n$1000000000\r\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		r, brief := NewReader(bytes.NewReader(b), 0), NewReader(bytes.NewReader(b), 0)
		brief.Brief = true
		for at := int64(0); ; {
			args, err := r.Next()
			if err != nil {
				if _, e := brief.Next(); e == nil || e.Error() != err.Error() || brief.Begin() != r.Begin() || brief.Last() != r.Last() {
					t.Fatalf("%v, the brief one says %v", err, e)
				}
				return
			}
			if bn, err := brief.Next(); err != nil || !bytes.HasPrefix(args[0], bn[0]) || brief.Offset() != r.Offset() || brief.Lines() != r.Lines() {
				t.Fatalf("the brief one is at %d, with %v", brief.Offset(), err)
			}
			if len(args) == 0 || r.Offset() <= at || r.Offset() > int64(len(b)) || r.Begin() < at {
				t.Fatalf("%d arguments, from %d to %d", len(args), r.Begin(), r.Offset())
			}
			at = r.Offset()
		}
	})
}

// FuzzManifest reads whatever there is, and what it accepts is the same when it was written and read again.
func FuzzManifest(f *testing.F) {
	f.Add([]byte("file a seq 1 type b\nfile \"b\\x00\" seq 2 type i\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		m := &Manifest{Name: "a"}
		if m.parse(b) != nil || !m.Exists() {
			return
		}
		again := &Manifest{Name: "a"}
		if err := again.parse(m.format()); err != nil || string(again.format()) != string(m.format()) {
			t.Fatalf("%q became %q (%v)", m.format(), again.format(), err)
		}
	})
}

// open begins a log in a temporary directory.
func open(t *testing.T, policy config.AppendFsync) (l *Log, path string, a *mem.Arena) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "1.aof")
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o644)
	if err != nil {
		t.Fatal(err)
	}
	a = mem.NewArena("test")
	l, err = Open(f, Options{Arena: a, Warning: t.Logf, Fatal: func() { panic("fatal") }})
	if err != nil {
		t.Fatal(err)
	}
	l.SetPolicy(policy)
	return l, path, a
}

// end closes a log and checks that its memory is back.
func end(t *testing.T, l *Log, a *mem.Arena) {
	t.Helper()
	if !l.Close() {
		t.Error("it could not be closed")
	}
	if left := a.Books().Total; left.Count != 0 {
		t.Errorf("%d bytes are left behind", left.Requested)
	}
	a.Close()
}

// TestLog writes random effects over several files and reads them back.
func TestLog(t *testing.T) {
	r := rand.New(rand.NewPCG(live.Seed(t), 0))
	for _, policy := range []config.AppendFsync{config.FsyncAlways, config.FsyncEverySec, config.FsyncNo} {
		l, path, a := open(t, policy)
		paths, want := []string{path}, []string{""}
		db := -1
		for i := range 600 {
			arg := bytes.Repeat([]byte{byte(i)}, []int{1, 30, 300, 70000}[min(r.IntN(40), 3)*r.IntN(2)])
			to := r.IntN(3)
			if to != db {
				want[len(want)-1] += fmt.Sprintf("SELECT %d\n", to)
				db = to
			}
			l.Append(to, [][]byte{[]byte("SET"), arg}, 0)
			want[len(want)-1] += "SET " + string(arg) + "\n"
			if r.IntN(20) == 0 {
				l.Publish()
				l.Flush()
				if policy == config.FsyncAlways && l.Synced() != l.Appended() {
					t.Fatalf("%d of %d bytes are on the disk", l.Synced(), l.Appended())
				}
			}
			if r.IntN(500) == 0 {
				l.Rest(r.IntN(2) == 0)
			}
			if r.IntN(150) == 0 {
				p := filepath.Join(filepath.Dir(path), fmt.Sprint(len(paths)+1, ".aof"))
				f, err := os.OpenFile(p, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o644)
				if err != nil {
					t.Fatal(err)
				}
				l.Turn(f)
				paths, want, db = append(paths, p), append(want, ""), -1
			}
		}
		end(t, l, a)
		for i, p := range paths {
			f, _ := os.Open(p)
			rd, got := NewReader(f, 0), strings.Builder{}
			for {
				args, err := rd.Next()
				if err == io.EOF {
					break
				}
				if err != nil {
					t.Fatal(err)
				}
				got.Write(bytes.Join(args, []byte(" ")))
				got.WriteByte('\n')
			}
			f.Close()
			if got.String() != want[i] {
				t.Errorf("%v: file %d has %d bytes of effects, want %d", policy, i+1, got.Len(), len(want[i]))
			}
		}
	}
}

// TestTurnWaits checks that under everysec nothing is written to a new file before the old one is on the disk, and that FlushAll
// brings both there.
func TestTurnWaits(t *testing.T) {
	l, path, a := open(t, config.FsyncEverySec)
	second := path + ".2"
	f, err := os.OpenFile(second, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o644)
	if err != nil {
		t.Fatal(err)
	}
	effect := func(word string) int64 {
		begin := l.Appended()
		l.Append(-1, [][]byte{[]byte(word)}, 0)
		l.Publish()
		l.Flush()
		return l.Appended() - begin
	}
	size := func(path string) int64 {
		st, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		return st.Size()
	}
	l.rmu.Lock() // a sync that takes long
	n := effect("old")
	l.Turn(f)
	m := effect("new")
	if got := size(path); got != n {
		t.Errorf("the old file has %d bytes, want %d", got, n)
	}
	if got := size(second); got != 0 {
		t.Errorf("the new file has %d bytes before the old one is on the disk", got)
	}
	l.rmu.Unlock()
	for deadline := time.Now().Add(20 * time.Second); size(second) != m; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("the new file has %d bytes, want %d", size(second), m)
		}
	}
	if f, err = os.OpenFile(path+".3", os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o644); err != nil {
		t.Fatal(err)
	}
	l.Turn(f)
	l.Append(-1, [][]byte{[]byte("last")}, 0)
	l.Publish()
	if !l.FlushAll() || l.unsettled() || l.Synced() != l.Appended() {
		t.Errorf("FlushAll left %d bytes behind", l.Appended()-l.Synced())
	}
	end(t, l, a)
}

// TestTimestamps checks that annotations stand before a second's first effect, and never in a transaction.
func TestTimestamps(t *testing.T) {
	l, path, a := open(t, config.FsyncNo)
	set, multi, exec := [][]byte{[]byte("SET")}, [][]byte{[]byte("MULTI")}, [][]byte{[]byte("EXEC")}
	l.Append(0, set, 5)
	l.Append(-1, multi, 5)
	l.Append(0, set, 6)
	l.Append(-1, exec, 6)
	l.Append(0, set, 6)
	end(t, l, a)
	b, _ := os.ReadFile(path)
	const want = "#TS:5\r\n*2\r\n$6\r\nSELECT\r\n$1\r\n0\r\n*1\r\n$3\r\nSET\r\n*1\r\n$5\r\nMULTI\r\n*1\r\n$3\r\nSET\r\n*1\r\n$4\r\nEXEC\r\n#TS:6\r\n*1\r\n$3\r\nSET\r\n"
	if string(b) != want {
		t.Errorf("the file has %q", b)
	}
}

// TestFullDisk has a write end half way: the half is taken back, and when there is room again everything is written.
func TestFullDisk(t *testing.T) {
	l, path, a := open(t, config.FsyncEverySec)
	// The limit is the process's, whose other files are smaller: `go test` writes one, too.
	l.Append(0, [][]byte{[]byte("SET"), make([]byte, 4<<20)}, 0)
	l.Publish()
	l.Flush()
	size := l.Size()
	var old syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &old); err != nil {
		t.Fatal(err)
	}
	limit := old
	limit.Cur = uint64(size) + 100
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
		t.Fatal(err)
	}
	defer syscall.Setrlimit(syscall.RLIMIT_FSIZE, &old)
	for range 100 {
		l.Append(0, [][]byte{[]byte("SET"), bytes.Repeat([]byte("x"), 100)}, 0)
	}
	l.Publish()
	l.Flush()
	if f := l.Failing(); f == nil || f.Err != syscall.EFBIG {
		t.Fatalf("it does not fail: %v", f)
	}
	if st, _ := os.Stat(path); st.Size() != size {
		t.Errorf("the file has %d bytes, and had %d", st.Size(), size)
	}
	syscall.Setrlimit(syscall.RLIMIT_FSIZE, &old)
	for end := time.Now().Add(5 * time.Second); l.Failing() != nil; time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("it goes on failing")
		}
	}
	end(t, l, a)
	if st, _ := os.Stat(path); st.Size() != size+100*(4+9+108) {
		t.Errorf("the file has %d bytes, had %d", st.Size(), size)
	}
}

// TestAppendAllocates pins that an effect costs no memory of Go.
func TestAppendAllocates(t *testing.T) {
	l, _, a := open(t, config.FsyncNo)
	args := [][]byte{[]byte("SET"), []byte("key"), []byte("value")}
	l.Append(0, args, 0)
	if n := testing.AllocsPerRun(1000, func() { l.Append(0, args, 0) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
	end(t, l, a)
}

// until waits for something.
func until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%s: not within ten seconds", what)
		}
	}
}

// TestSynced checks up to where effects count as being on the disk, and that whoever waits for that is told.
func TestSynced(t *testing.T) {
	l, path, a := open(t, config.FsyncNo)
	var moved atomic.Int64
	l.opt.Moved = func() { moved.Add(1) }
	add := func() {
		l.Append(0, [][]byte{[]byte("SET"), []byte("x")}, 0)
		l.Publish()
		l.Flush()
	}
	turn := func(name string) {
		f, err := os.OpenFile(filepath.Join(filepath.Dir(path), name), os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o644)
		if err != nil {
			t.Fatal(err)
		}
		l.Turn(f)
	}
	add()
	if l.Written() != l.Appended() || l.Synced() != 0 || moved.Load() != 0 {
		t.Errorf("%d of %d bytes are written, %d synced", l.Written(), l.Appended(), l.Synced())
	}
	// The old file is synced when another takes its place; what goes to that is not.
	at := l.Appended()
	turn("2.aof")
	add()
	until(t, "the old file is synced", func() bool { return l.Synced() == at && moved.Load() == 1 })

	l.SetPolicy(config.FsyncEverySec)
	until(t, "the file is synced", func() bool { return l.Synced() == l.Appended() && moved.Load() == 2 })
	l.SetPolicy(config.FsyncAlways)
	for n := range int64(3) {
		if n == 1 {
			turn("3.aof")
		}
		if add(); l.Synced() != l.Appended() {
			t.Errorf("%d of %d bytes are synced", l.Synced(), l.Appended())
		}
	}
	// Nothing is synced for now.
	l.SetLazy(true)
	at = l.Synced()
	if add(); l.Synced() != at {
		t.Errorf("%d bytes are synced, there were %d", l.Synced(), at)
	}
	l.SetLazy(false)
	until(t, "the rest is synced", func() bool { return l.Synced() == l.Appended() })
	end(t, l, a)
}

// TestCannotSync has files that cannot be synced: what they have, and what lies behind it, does not count.
func TestCannotSync(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	a := mem.NewArena("test")
	l, err := Open(w, Options{Arena: a, Warning: t.Logf, Fatal: func() { panic("fatal") }})
	if err != nil {
		t.Fatal(err)
	}
	add := func() {
		l.Append(0, [][]byte{[]byte("SET"), []byte("x")}, 0)
		l.Publish()
		l.Flush()
	}
	l.SetPolicy(config.FsyncEverySec)
	add()
	until(t, "it fails", func() bool { return l.Failing() != nil })
	f, err := os.Create(filepath.Join(t.TempDir(), "2.aof"))
	if err != nil {
		t.Fatal(err)
	}
	l.Turn(f)
	add()
	until(t, "the second file is written", func() bool { return l.Written() == l.Appended() })
	l.wake()
	until(t, "it goes on failing", func() bool { return l.Failing() != nil })
	if l.FlushAll(); l.Synced() != 0 {
		t.Errorf("%d bytes count as synced", l.Synced())
	}
	if l.Close() {
		t.Error("it could be closed in good order")
	}
	if left := a.Books().Total; left.Count != 0 {
		t.Errorf("%d bytes are left behind", left.Requested)
	}
	a.Close()
	if _, err := w.Write(nil); !errors.Is(err, os.ErrClosed) {
		t.Errorf("the first file is open")
	}
}
