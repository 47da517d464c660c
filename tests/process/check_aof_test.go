package process

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"granary/tests/live"
)

// checkAOF runs a tool in dir, with something to read from its standard input, and returns what it says.
func checkAOF(t *testing.T, dir, stdin string, tool []string, args ...string) (text string, code int) {
	t.Helper()
	cmd := exec.Command(tool[0], append(tool[1:], args...)...)
	cmd.Dir, cmd.Stdin = dir, strings.NewReader(stdin)
	out, err := cmd.CombinedOutput()
	if ended := (*exec.ExitError)(nil); err != nil && !errors.As(err, &ended) {
		t.Fatal(err)
	}
	return string(out), cmd.ProcessState.ExitCode()
}

// logPrefix is what stands before lines that redis-check-aof logs, with the empty lines around them.
var logPrefix = regexp.MustCompile(`(?m)^(\d+:C .* # )?\n|^\d+:C .* # `)

// contents returns all files below dir.
func contents(t *testing.T, dir string) map[string]string {
	t.Helper()
	files := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		files[strings.TrimPrefix(path, dir)] = string(b)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// aofTools are Granary's tool and the reference.
func aofTools(t *testing.T) (granary, reference []string) {
	t.Helper()
	path, err := live.GranaryPath()
	if err != nil {
		t.Fatal(err)
	}
	live.NeedRedis(t)
	ref, err := exec.LookPath("redis-check-aof")
	if err != nil {
		t.Fatal(err)
	}
	return []string{path, "check-aof"}, []string{ref}
}

// sameCheck has both tools check copies of the files of dir: they say the same, and leave the same files behind.
func sameCheck(t *testing.T, dir, stdin string, args ...string) (text string, code int) {
	t.Helper()
	granary, reference := aofTools(t)
	var texts [2]string
	var codes [2]int
	var files [2]map[string]string
	for i, tool := range [][]string{granary, reference} {
		to := t.TempDir()
		if err := os.CopyFS(to, os.DirFS(dir)); err != nil {
			t.Fatal(err)
		}
		texts[i], codes[i] = checkAOF(t, to, stdin, tool, args...)
		files[i] = contents(t, to)
	}
	texts[1] = strings.ReplaceAll(logPrefix.ReplaceAllString(texts[1], ""), "Usage: "+reference[0], "Usage: granary check-aof")
	if texts[0] != texts[1] || codes[0] != codes[1] {
		t.Errorf("%q: %d\n%s\nredis-check-aof: %d\n%s", args, codes[0], texts[0], codes[1], texts[1])
	}
	for name, b := range files[1] {
		if files[0][name] != b {
			t.Errorf("%q: %s has %d bytes behind it, with redis-check-aof %d", args, name, len(files[0][name]), len(b))
		}
	}
	return texts[0], codes[0]
}

// TestCheckAOF has Granary's tool and redis-check-aof check the same files, sound ones and others: outputs, exit codes and what is
// left of the files are the same.
func TestCheckAOF(t *testing.T) {
	const (
		set   = "*2\r\n$6\r\nSELECT\r\n$1\r\n0\r\n*3\r\n$3\r\nSET\r\n$1\r\na\r\n$1\r\nb\r\n"
		multi = "*1\r\n$5\r\nMULTI\r\n"
		exec  = "*1\r\n$4\r\nEXEC\r\n"
		base  = "file base.aof seq 1 type b\n"
	)
	dir := t.TempDir()
	files := func(pairs ...string) {
		t.Helper()
		for i := 0; i < len(pairs); i += 2 {
			if err := os.WriteFile(filepath.Join(dir, pairs[i]), []byte(pairs[i+1]), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	// says has a file checked, and in all ways changed. words is what the tool says without options.
	says := func(content, words string, code int) {
		t.Helper()
		files("x", content)
		if text, got := sameCheck(t, dir, "", "x"); got != code || !strings.Contains(text, words) {
			t.Errorf("%q: %d, want %d and %q\n%s", content, got, code, words, text)
		}
		for _, answer := range []string{"y\n", "Yes\n", "n\n", "\n", ""} {
			sameCheck(t, dir, answer, "--fix", "x")
		}
		for _, at := range []string{"1", "150", "1000"} {
			sameCheck(t, dir, "", "--truncate-to-timestamp", at, "x")
		}
	}
	says("", "AOF x is empty", 0)
	says(set, "AOF x is valid", 0)
	says(set+"*3\r\n$3\r\nSET\r\n$1\r\na\r\n$1\r\n", "Expected to read 3 bytes, got 0 bytes", 1)
	says(set+"*3\r\n$3\r\nSET\r\n$1\r\na\r\n$5\r\nab", "got 2 bytes", 1)
	says(set+"*3\r\n", "diff=4", 1)
	says(set+"*3\r\n$3\r\nSET\r\n$1", `Expected \r\n, got: 0000`, 1)
	says(set+"garbage\r\n"+set, "AOF x format error", 1)
	says("g", "AOF x format error", 1)
	says(set+"*2\r\n$1x\r\n"+set, `Expected \r\n, got: 780d`, 1)
	says(set+"*2\r\n$1\r\nabc"+set, `Expected \r\n, got: 6263`, 1)
	says(set+"*2\r\n:1\r\nabc"+set, `Expected prefix '$', got: ':'`, 1)
	says(set+"*2\r\n$-1\r\nabc"+set, "Expected to read string of -1 bytes", 1)
	says(set+"*1\r\n$92233720368\r\na\r\n", "Expected to read 92233720370 bytes, got 3 bytes", 1)
	says(set+"*1\r\n$9223372036854775806\r\na\r\n", "not in the suitable range", 1)
	says(set+multi+set, "Reached EOF before reading EXEC for MULTI", 1)
	says(set+multi+"*3\r\n$3\r\nSET\r\n", "Reached EOF before reading EXEC for MULTI", 1)
	says(set+multi+set+exec, "AOF x is valid", 0)
	says(set+multi+set+strings.ToLower(multi)+set, "Unexpected MULTI in AOF x", 1)
	says(set+exec+set, "Unexpected EXEC in AOF x", 1)
	says(set+"#a note\r\n"+set, "AOF x is valid", 0)
	says("#TS:100\r\n"+set+"#TS:200\r\n"+set, "AOF x is valid", 0)
	says("#TS:100\r\n"+set+"#TS:200\r\n"+set+"*3\r\n", "ok_up_to=118", 1)
	says(set+"#TS:10x\r\n"+set, "AOF x is valid", 0)
	says("# no manifest\r\n"+set, "AOF x is valid", 0)

	files("base.aof", set, "1.aof", set, "2.aof", set, "cut.aof", set+"*3\r\n", "none.aof", "",
		"times.aof", "#TS:100\r\n"+set+"#TS:200\r\n"+set)
	// lists has a manifest checked that names files, numbered as they come.
	lists := func(manifest, words string, code int) {
		t.Helper()
		files("m", manifest)
		if text, got := sameCheck(t, dir, "", "m"); got != code || !strings.Contains(text, words) {
			t.Errorf("%q: %d, want %d and %q\n%s", manifest, got, code, words, text)
		}
		sameCheck(t, dir, "y\n", "--fix", "m")
		sameCheck(t, dir, "", "--fix", "m")
		for _, at := range []string{"1", "150", "1000"} {
			sameCheck(t, dir, "", "--truncate-to-timestamp", at, "./m")
		}
	}
	lists(base+"file 1.aof seq 1 type i\nfile 2.aof seq 2 type i\n", "All AOF files and manifest are valid", 0)
	lists(base, "BASE AOF base.aof is valid", 0)
	lists("file 1.aof seq 1 type i\n", "INCR AOF 1.aof is valid", 0)
	lists("file none.aof seq 1 type b\nfile none.aof seq 1 type i\n", "INCR AOF none.aof is empty", 0)
	lists("# a note\nfile 1.aof seq 1 type h\n", "All AOF files and manifest are valid", 0)
	lists(base+"file cut.aof seq 1 type i\nfile 2.aof seq 2 type i\n", "AOF cut.aof is not valid", 1)
	lists(base+"file 2.aof seq 1 type i\nfile cut.aof seq 2 type i\n", "AOF cut.aof is not valid", 1)
	lists(base+"file times.aof seq 1 type i\nfile 2.aof seq 2 type i\n", "All AOF files", 0)
	lists(base+"file times.aof seq 1 type i\n", "All AOF files", 0)
	lists(base+"file not-there seq 1 type i\n", "Cannot open file ./not-there: No such file or directory, aborting...", 1)
	lists("file not-there seq 1 type b\n", "Cannot open file ./not-there: No such file or directory\n", 1)
	lists(base+"file 1.aof seq 1 tpe i\n", "Invalid AOF manifest file format", 1)
	lists(base+base, "Found duplicate base file information", 1)
	lists("file ../base.aof seq 1 type b\n", "File can't be a path, just a filename", 1)
	lists("file 1.aof seq 2 type i\nfile 2.aof seq 2 type i\n", "Found a non-monotonic sequence number", 1)
	lists("file 1.aof seq 2 type x\n", "Unknown AOF file type", 1)

	for _, args := range [][]string{{}, {"a", "b"}, {"--fix"}, {"--fix", "a", "b"}, {"--truncate-to-timestamp", "10"}, {"--truncate-to-timestamp", "x", "base.aof"}, {"not-there"}, {"--fix", "not-there"}, {"."}} {
		if _, code := sameCheck(t, dir, "", args...); code != 1 {
			t.Errorf("%q ends with %d", args, code)
		}
	}
}

// TestCheckWrittenAOF has the files checked that both servers write, whole and cut, with bases of both kinds and as one file.
func TestCheckWrittenAOF(t *testing.T) {
	granary, err := live.GranaryPath()
	if err != nil {
		t.Fatal(err)
	}
	for _, server := range []string{granary, live.NeedRedis(t)} {
		for _, preamble := range []string{"yes", "no"} {
			dir := t.TempDir()
			s := live.NeedStart(t, filepath.Base(server), server, "--dir", dir, "--appendonly", "yes", "--aof-use-rdb-preamble", preamble, "--aof-timestamp-enabled", "yes")
			c := dial(t, s)
			for i := range 50 {
				do(t, c, "RPUSH", "list", strconv.Itoa(i))
				do(t, c, "SET", "k"+strconv.Itoa(i), "v", "EX", "1000")
			}
			do(t, c, "BGREWRITEAOF")
			rewritten(t, c)
			do(t, c, "SET", "last", "1")
			s.Stop()
			logs := filepath.Join(dir, "appendonlydir")
			const manifest = "appendonly.aof.manifest"
			if text, code := sameCheck(t, logs, "", manifest); code != 0 {
				t.Errorf("the files of %s are not sound: %s", server, text)
			}
			bases, _ := filepath.Glob(filepath.Join(logs, "*.base.*"))
			incrs, _ := filepath.Glob(filepath.Join(logs, "*.incr.*"))
			if len(bases) != 1 || len(incrs) != 1 {
				t.Fatalf("the files are %q and %q", bases, incrs)
			}
			first, _ := os.ReadFile(bases[0])
			rest, _ := os.ReadFile(incrs[0])
			write := func(path string, b []byte) {
				t.Helper()
				if err := os.WriteFile(path, b, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			// As one file of an old server, which may have a snapshot at its beginning.
			old := t.TempDir()
			write(filepath.Join(old, "appendonly.aof"), append(bytes.Clone(first), rest...))
			if text, code := sameCheck(t, old, "", "appendonly.aof"); code != 0 {
				t.Errorf("the one file of %s is not sound: %s", server, text)
			}
			write(filepath.Join(old, "appendonly.aof"), append(bytes.Clone(first), rest[:len(rest)-2]...))
			sameCheck(t, old, "y\n", "--fix", "appendonly.aof")

			write(incrs[0], rest[:len(rest)-2])
			if text, code := sameCheck(t, logs, "", manifest); code != 1 {
				t.Errorf("a file that is cut is sound: %s", text)
			}
			sameCheck(t, logs, "y\n", "--fix", manifest)
			tool, _ := aofTools(t)
			if text, code := checkAOF(t, logs, "y\n", tool, "--fix", manifest); code != 0 {
				t.Errorf("it cannot be repaired: %s", text)
			}
			_, c = withAOF(t, dir)
			if got := do(t, c, "EXISTS", "last", "list", "k49"); got != ":2" {
				t.Errorf("%s of three keys are there", got)
			}
		}
	}
}

// TestAOFPointInTime writes over several seconds, cuts the file off at the end of one, and looks what a server loads: what was there
// when that second ended.
func TestAOFPointInTime(t *testing.T) {
	tool, _ := aofTools(t)
	for _, preamble := range []string{"yes", "no"} {
		dir := t.TempDir()
		args := []string{"--aof-timestamp-enabled", "yes", "--aof-use-rdb-preamble", preamble, "--appendfsync", "no"}
		s, c := withAOF(t, dir, args...)
		// clock is the time that effects are written with.
		clock := func() (sec, micro int64) {
			reply, err := c.Do("TIME")
			if err != nil {
				t.Fatal(err)
			}
			sec, _ = strconv.ParseInt(reply.Elems[0].Str, 10, 64)
			micro, _ = strconv.ParseInt(reply.Elems[1].Str, 10, 64)
			return sec, micro
		}
		type state struct {
			second int64
			digest string
		}
		var states []state // at the end of seconds, in order
		for len(states) < 3 {
			now, _ := clock()
			for i := range 10 {
				do(t, c, "RPUSH", "list", strconv.Itoa(i))
				do(t, c, "MULTI")
				do(t, c, "INCR", "one")
				do(t, c, "INCR", "two")
				do(t, c, "EXEC")
			}
			digest := do(t, c, "DEBUG", "DIGEST")
			if sec, _ := clock(); sec == now { // all of it was in one second
				states = append(states, state{now, digest})
			}
			eventually(t, "the second ends", func() bool { sec, _ := clock(); return sec > now })
		}
		do(t, c, "SET", "later", "1")
		s.Stop()
		manifest := filepath.Join(dir, "appendonlydir", "appendonly.aof.manifest")
		for i := len(states) - 1; i >= 0; i-- { // the latest first: the file only becomes shorter
			st := states[i]
			text, code := checkAOF(t, dir, "", tool, "--truncate-to-timestamp", strconv.FormatInt(st.second, 10), manifest)
			if code != 0 || !strings.Contains(text, "Successfully truncated AOF") {
				t.Fatalf("%d\n%s", code, text)
			}
			s, c := withAOF(t, dir, args...)
			if got := do(t, c, "DEBUG", "DIGEST"); got != st.digest {
				t.Errorf("preamble %s, second %d: loaded %s, there was %s", preamble, st.second, got, st.digest)
			}
			s.Stop()
		}
		if text, code := checkAOF(t, dir, "", tool, "--truncate-to-timestamp", strconv.FormatInt(states[0].second+10, 10), manifest); code != 0 || !strings.Contains(text, "Truncate nothing in AOF") {
			t.Errorf("%d\n%s", code, text)
		}
	}
}
