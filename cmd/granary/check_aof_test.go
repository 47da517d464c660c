package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestCheckAOF checks what tests/process, which compares with redis-check-aof, does not: where the tools differ.
func TestCheckAOF(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "x")
	run := func(args ...string) (int, string) {
		var out bytes.Buffer
		code := runCheckAOF(args, strings.NewReader(""), &out, nil)
		return code, out.String()
	}
	check := func(content string, code int, want string, options ...string) {
		t.Helper()
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		if got, text := run(append(options, path)...); got != code || !strings.Contains(text, want) {
			t.Errorf("%q: code %d, want %d with %q:\n%s", content, got, code, want, text)
		}
	}
	const ping = "*1\r\n$4\r\nPING\r\n"
	check(ping+"*0\r\n"+ping, 1, "Expected a number of arguments, got: 0")
	check(ping+"#TS:16", 1, "size=20, ok_up_to=14, ok_up_to_line=4, diff=6")
	check(string(summed(smallFile(t))), 0, "size=66, ok_up_to=66, ok_up_to_line=1, diff=0")
	check(string(smallFile(t)[:40]), 1, "RDB preamble of AOF file is not sane, aborting.")
	check("file "+strings.Repeat("x", 5<<20)+"\n", 1, "The AOF manifest file has more than")
	if code, text := run("--version"); code != 0 || !strings.HasPrefix(text, "granary check-aof ") {
		t.Errorf("%d %s", code, text)
	}

	// Half of a transaction is cut off with it.
	check(ping+"*1\r\n$5\r\nMULTI\r\n#TS:9\r\n"+ping, 0, "Successfully truncated AOF", "--truncate-to-timestamp", "5")
	if b, _ := os.ReadFile(path); string(b) != ping {
		t.Errorf("%q is left", b)
	}
}

// TestCheckAOFMemory checks that a long argument takes no memory.
func TestCheckAOFMemory(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	const long = 64 << 20
	fmt.Fprintf(f, "*2\r\n$1\r\na\r\n$%d\r\n", long)
	f.Seek(long, 1) // a hole
	f.WriteString("\r\n")
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	r := testing.Benchmark(func(b *testing.B) {
		for range b.N {
			if runCheckAOF([]string{path}, nil, &out, nil) != 0 {
				b.Fatal(out.String())
			}
		}
	})
	if got := r.AllocedBytesPerOp(); got > 1<<20 {
		t.Errorf("%d bytes of memory for an argument of %d", got, long)
	}
}
