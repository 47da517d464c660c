package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"granary/internal/history"
)

// saved writes a file as a server leaves it.
func saved(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "h.dat")
	say := func(format string, args ...any) { t.Errorf(format, args...) }
	const t0 = 1_800_000_000_000
	r := history.Open(history.Options{Lines: []string{"used_memory", "rss", "data.entry"}, Path: path, Warn: say, Notice: say, PID: 9}, t0)
	for i := range int64(100) {
		if i == 50 {
			r.Accounts.Note(8<<20, "hset", history.Client{ID: 3, Name: "loader", Addr: "1.2.3.4:5"}, []byte("cart:"), []byte("cart:1"))
		}
		r.Sample(t0+i*1000, []int64{i/50*8<<20 + 1, 5, i})
	}
	r.Finish(t0 + 100_000)
	r.Free()
	return path
}

func TestMemoryHistory(t *testing.T) {
	path := saved(t)
	check := func(code int, want string, args ...string) {
		t.Helper()
		var out, errs bytes.Buffer
		got := runHistory(args, &out, &errs)
		if text := out.String() + errs.String(); got != code || !strings.Contains(text, want) {
			t.Errorf("%q: code %d, want %d and %q:\n%s", args, got, code, want, text)
		}
	}
	check(0, "added by hset 100%, client 3 (loader 1.2.3.4:5) 100%, prefix cart: 100%", path)
	check(0, "start of process 9", "-jumps", path)
	check(0, "end, in good order", "-seconds", "-count", "1", path)
	check(0, "end, in good order", "-minutes", "-lines", "data.*", path)
	check(0, `{"time":1800000099,"kind":"sample","values":{"data.entry":99},"precision":1}`, "-json", "-lines", "data.entry", "-from", "1800000099", path)
	check(0, `"moved":{"used_memory":8388608}`, "-json", "-jumps", path)
	check(1, "no line matches x", "-seconds", "-lines", "x", path)
	check(1, "no such file", path+"x")
	check(2, "Usage: granary memory-history")
	check(2, "Usage: granary memory-history", "-seconds", "-minutes", path)
	check(2, "flag provided but not defined", "-x", path)
	other := filepath.Join(t.TempDir(), "other")
	if err := os.WriteFile(other, []byte(strings.Repeat("text ", 100)), 0o600); err != nil {
		t.Fatal(err)
	}
	check(1, "no history of memory", other)
}

func TestIsHistory(t *testing.T) {
	t.Chdir(t.TempDir())
	check := func(want bool, args ...string) {
		t.Helper()
		if got := isTool("memory-history", args); got != want {
			t.Errorf("%q: %v", args, got)
		}
	}
	check(false)
	check(false, "granary.conf")
	check(true, "memory-history")
	check(true, "memory-history", "file")
	if err := os.WriteFile("memory-history", nil, 0o600); err != nil {
		t.Fatal(err)
	}
	check(false, "memory-history")
	check(true, "memory-history", "file")
}
